using System.Globalization;

namespace Preheat.LocalCloud.Serving.Arguments;

/// <summary>The values of a command line after <see cref="ArgumentParser"/> has checked each of them.</summary>
internal sealed class ParsedArguments
{
    private readonly Dictionary<string, IReadOnlyList<string>> values = new(StringComparer.Ordinal);

    /// <summary>The model named without a flag: <c>vllm serve MODEL</c>.</summary>
    public string? Positional { get; set; }

    /// <summary>Flags given, sorted, as the log prints them.</summary>
    public IEnumerable<KeyValuePair<string, string>> Given =>
        values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => KeyValuePair.Create(v.Key, string.Join(",", v.Value)));

    public void Set(string name, IReadOnlyList<string> given) => values[name] = given;

    public string? Text(string name) => values.TryGetValue(name, out var given) ? given[^1] : null;

    public IReadOnlyList<string> List(string name) => values.GetValueOrDefault(name, []);

    public int? Int(string name) => Text(name) is { } text ? (int)ArgumentParser.HumanInt(text)!.Value : null;

    public double? Float(string name) => Text(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>Null when neither the switch nor its <c>--no-…</c> form was given.</summary>
    public bool? Switch(string name) => Text(name) is { } text ? text == "True" : null;
}
