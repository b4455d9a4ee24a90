namespace Preheat.Manifests.Schemas;

/// <summary>The types of the kinds that are known here, from <c>kubernetes.schema</c> and <c>google.schema</c>.</summary>
/// <remarks>
/// A type begins a line: its name, and for a kind its apiVersion and perhaps <c>cluster</c> for one without namespace. Its fields follow, indented, as <c>name type</c>,
/// with <c>!</c> for a required one: <c>text</c>, <c>text(A|B)</c>, <c>int</c>, <c>bool</c>, <c>quantity</c>, <c>int-or-text</c>, <c>any</c>, a type's name,
/// <c>{T}</c> a map, <c>[T]</c> a list, <c>[T]by:key,key=default</c> a list merged by key.
/// </remarks>
internal sealed class SchemaTable
{
    private static readonly Lazy<SchemaTable> Lazy = new(() => new(Resource("kubernetes.schema").Concat(Resource("google.schema"))));

    private readonly Dictionary<string, KindSchema> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<(string ApiVersion, string Kind), KindSchema> _kinds = [];

    private SchemaTable(IEnumerable<string> text)
    {
        var lines = text.Where(line => line.Length > 0 && line[0] != '#').ToList();
        foreach (var words in lines.Where(line => line[0] != ' ').Select(line => line.Split(' ')))
        {
            var type = new KindSchema { Form = SchemaForm.Struct, Name = words[0], IsClusterScoped = words is [_, _, "cluster"] };
            _types.Add(words[0], type);
            if (words.Length > 1)
                _kinds.Add((words[1], words[0]), type);
        }
        KindSchema? owner = null;
        foreach (var line in lines)
        {
            if (line[0] != ' ')
            {
                owner = _types[line.Split(' ')[0]];
                continue;
            }
            var blank = line.IndexOf(' ', 1);
            var (name, type) = (line[1..blank], line[(blank + 1)..]);
            owner!.Fields.Add(name, new(name, TypeOf(type.TrimEnd('!')), type.EndsWith('!')));
        }
    }

    public static SchemaTable Known => Lazy.Value;

    /// <summary>The type of a kind; null when nothing is known about it.</summary>
    public KindSchema? Find(string apiVersion, string kind) => _kinds.GetValueOrDefault((apiVersion, kind));

    /// <summary>The apiVersions under which a kind is known.</summary>
    public IReadOnlyList<string> VersionsOf(string kind) => [.. _kinds.Keys.Where(key => key.Kind == kind).Select(key => key.ApiVersion)];

    /// <summary>Names of the kinds in an apiVersion.</summary>
    public IReadOnlyList<string> KindsIn(string apiVersion) => [.. _kinds.Keys.Where(key => key.ApiVersion == apiVersion).Select(key => key.Kind)];

    private KindSchema TypeOf(string text)
    {
        if (text[0] is '[' or '{')
        {
            var close = text.LastIndexOf(text[0] is '[' ? ']' : '}');
            var item = TypeOf(text[1..close]);
            return new() { Form = text[0] is '[' ? SchemaForm.List : SchemaForm.Map, Item = item, Keys = KeysOf(text[(close + 1)..]) };
        }
        if (text.StartsWith("text(", StringComparison.Ordinal))
            return new() { Form = SchemaForm.Text, Allowed = text[5..^1].Split('|') };
        return text switch
        {
            "text" => new() { Form = SchemaForm.Text },
            "int" => new() { Form = SchemaForm.Whole },
            "bool" => new() { Form = SchemaForm.Boolean },
            "quantity" => new() { Form = SchemaForm.Quantity },
            "int-or-text" => new() { Form = SchemaForm.WholeOrText },
            "any" => KindSchema.Any,
            _ => _types.TryGetValue(text, out var type) ? type : throw new InvalidOperationException($"The schema table names no type '{text}'."),
        };
    }

    private static (string Field, string? Default)[] KeysOf(string text) => text.StartsWith("by:", StringComparison.Ordinal)
        ? [.. text[3..].Split(',').Select(key => key.Split('=') is [var field, var otherwise] ? (field, otherwise) : (key, (string?)null))]
        : [];

    private static string[] Resource(string name)
    {
        using var stream = typeof(SchemaTable).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n');
    }
}
