using System.Globalization;
using System.Text.Json.Nodes;

namespace Preheat.Manifests;

/// <summary>A place in a file, for messages: <c>deployment.yaml:12</c>. Lines count from 1.</summary>
internal readonly record struct SourcePosition(string File, long Line)
{
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>What a plain scalar means (YAML 1.2 core schema); a quoted one is always <see cref="String"/>.</summary>
internal enum ScalarKind
{
    String,
    Integer,
    Float,
    Boolean,
    Null,
}

/// <summary>A YAML value that remembers where it stands.</summary>
internal abstract record YamlValue(SourcePosition At)
{
    /// <summary>Name of the shape for messages.</summary>
    public abstract string Shape { get; }

    public abstract JsonNode? ToJson();
}

/// <summary>A single value. <paramref name="Text"/> is what stands between the quotes, if there are any.</summary>
internal sealed record YamlScalar(SourcePosition At, string Text, ScalarKind Kind, bool Quoted = false) : YamlValue(At)
{
    public override string Shape => Kind switch
    {
        ScalarKind.String => "a string",
        ScalarKind.Null => "nothing",
        ScalarKind.Boolean => "a boolean",
        _ => "a number",
    };

    public override JsonNode? ToJson() => Kind switch
    {
        ScalarKind.Null => null,
        ScalarKind.Boolean => JsonValue.Create(Text is "true" or "True" or "TRUE"),
        ScalarKind.Integer => JsonValue.Create(long.Parse(Text, CultureInfo.InvariantCulture)),
        ScalarKind.Float => JsonValue.Create(double.Parse(Text, CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(Text),
    };
}

/// <summary>One key of a mapping with its value.</summary>
internal sealed record YamlEntry(SourcePosition At, string Key, YamlValue Value);

/// <summary>A mapping in the order it was written; keys are unique.</summary>
internal sealed record YamlMap(SourcePosition At, IReadOnlyList<YamlEntry> Entries) : YamlValue(At)
{
    public override string Shape => "a mapping";

    public YamlValue? this[string key] => Entries.FirstOrDefault(entry => entry.Key == key)?.Value;

    /// <summary>The value under a path of keys; null when any of them is absent.</summary>
    public YamlValue? Find(params ReadOnlySpan<string> path)
    {
        YamlValue? value = this;
        foreach (var key in path)
            value = (value as YamlMap)?[key];
        return value;
    }

    /// <summary>The non-empty text under a path of keys; null when it is absent or no scalar.</summary>
    public string? Text(params ReadOnlySpan<string> path) =>
        Find(path) is YamlScalar { Kind: not ScalarKind.Null, Text.Length: > 0 } scalar ? scalar.Text : null;

    /// <summary>The items of the list under a path of keys; none when it is absent or no list.</summary>
    public IReadOnlyList<YamlValue> Items(params ReadOnlySpan<string> path) => Find(path) is YamlList list ? list.Items : [];

    /// <summary>The same with <paramref name="value"/> under a path of keys; mappings on the way that are absent are made.</summary>
    public YamlMap With(ReadOnlySpan<string> path, YamlValue value)
    {
        var key = path[0];
        var old = this[key];
        var changed = path.Length == 1 ? value : (old as YamlMap ?? new YamlMap(At, [])).With(path[1..], value);
        return old is null
            ? this with { Entries = [.. Entries, new(value.At, key, changed)] }
            : this with { Entries = [.. Entries.Select(entry => entry.Key == key ? entry with { Value = changed } : entry)] };
    }

    /// <summary>The same without the key at the end of a path.</summary>
    public YamlMap Without(ReadOnlySpan<string> path)
    {
        var key = path[0];
        if (path.Length > 1)
            return this[key] is YamlMap inner ? With([key], inner.Without(path[1..])) : this;
        return this with { Entries = [.. Entries.Where(entry => entry.Key != key)] };
    }

    public override JsonNode ToJson() =>
        new JsonObject(Entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.ToJson())));
}

/// <summary>A sequence.</summary>
internal sealed record YamlList(SourcePosition At, IReadOnlyList<YamlValue> Items) : YamlValue(At)
{
    public override string Shape => "a list";

    public override JsonNode ToJson() => new JsonArray([.. Items.Select(item => item.ToJson())]);
}
