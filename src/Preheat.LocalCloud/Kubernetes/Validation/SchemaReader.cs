using System.Globalization;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// Reads the compact table of types: a type's name at the start of a line (<c>atomic</c> behind it for a struct owned as a whole, <c>open</c> for one that keeps other fields), its
/// fields indented below as <c>name type</c>, <c>!</c> for a required one. Types: <c>text</c>, <c>text(A|B)</c>, <c>int</c>, <c>number</c>, <c>bool</c>,
/// <c>quantity</c>, <c>int-or-text</c>, <c>any</c>, a name, <c>{T}</c> map, <c>{T}atomic</c>, <c>[T]</c> atomic list,
/// <c>[T]by:key,key=default</c> list merged by key, <c>[T]set</c>.
/// </summary>
internal sealed class SchemaReader
{
    private readonly Dictionary<string, Schema> _types = new(StringComparer.Ordinal);

    public static IReadOnlyDictionary<string, Schema> Read(params string[] tables)
    {
        var reader = new SchemaReader();
        var lines = tables.SelectMany(table => table.Split('\n')).Where(line => line.Trim().Length > 0).ToList();
        foreach (var words in lines.Where(line => line[0] != ' ').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            reader._types.Add(words[0], new Schema { Form = SchemaForm.Struct, Name = words[0], Atomic = words is [_, "atomic"], Open = words is [_, "open"] });
        }

        Schema? owner = null;
        foreach (var line in lines)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line[0] != ' ')
            {
                owner = reader._types[words[0]];
                continue;
            }

            var required = words[1].EndsWith('!');
            owner!.Fields.Add(words[0], new SchemaField(words[0], reader.Type(required ? words[1][..^1] : words[1]), required));
        }

        return reader._types;
    }

    private Schema Type(string text)
    {
        if (text[0] is '[' or '{')
        {
            var close = text.LastIndexOf(text[0] == '[' ? ']' : '}');
            var item = Type(text[1..close]);
            var rest = text[(close + 1)..];
            return text[0] == '{'
                ? new Schema { Form = SchemaForm.Map, Item = item, Atomic = rest == "atomic" }
                : new Schema { Form = SchemaForm.List, Item = item, Merge = Merge(rest), Keys = Keys(rest) };
        }

        if (text.StartsWith("text(", StringComparison.Ordinal))
        {
            return new Schema { Form = SchemaForm.Text, Allowed = text[5..^1].Split('|') };
        }

        return text switch
        {
            "text" => new Schema { Form = SchemaForm.Text },
            "int" => new Schema { Form = SchemaForm.Integer },
            "number" => new Schema { Form = SchemaForm.Number },
            "bool" => new Schema { Form = SchemaForm.Boolean },
            "quantity" => new Schema { Form = SchemaForm.Quantity },
            "int-or-text" => new Schema { Form = SchemaForm.IntegerOrText },
            "any" => Schema.Any,
            _ => _types.TryGetValue(text, out var type) ? type
                : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The schema table names no type '{text}'.")),
        };
    }

    private static ListMerge Merge(string rest) => rest switch
    {
        "" => ListMerge.Atomic,
        "set" => ListMerge.Set,
        _ => ListMerge.ByKey,
    };

    private static (string Field, string? Default)[] Keys(string rest) =>
        !rest.StartsWith("by:", StringComparison.Ordinal) ? []
            : [.. rest[3..].Split(',').Select(key => key.Split('=') is [var field, var otherwise] ? (field, otherwise) : (key, (string?)null))];
}
