using System.Globalization;
using System.Text.RegularExpressions;
using Preheat.Manifests.Schemas;

namespace Preheat.Manifests;

/// <summary>The values that stand for <c>${NAME}</c> in manifests.</summary>
/// <remarks>
/// A plain scalar that is one variable takes the variable's own type: <c>replicas: ${REPLICAS}</c> becomes a number, <c>app: ${DEPLOYMENT}</c> a string even where
/// the name is <c>1</c>. Inside a longer or quoted text the value is inserted as text. <c>$(NAME)</c> is Kubernetes' own form and is left alone;
/// <c>$${</c> stands for a <c>${</c> that is meant for somebody else, such as a shell.
/// </remarks>
internal sealed partial class ManifestVariables
{
    private readonly SortedDictionary<string, (string Text, ScalarKind Kind)> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _offered = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>Names that no manifest used so far, sorted.</summary>
    public IReadOnlyList<string> Unused => [.. _values.Keys.Where(name => !_used.Contains(name) && !_offered.Contains(name))];

    public ManifestVariables Add(string name, string value)
    {
        _values.Add(name, (value, ScalarKind.String));
        return this;
    }

    /// <summary>A variable for the user's own manifests: no warning when nothing uses it.</summary>
    public ManifestVariables Offer(string name, string value)
    {
        _offered.Add(name);
        return Add(name, value);
    }

    public ManifestVariables Add(string name, long value)
    {
        _values.Add(name, (value.ToString(CultureInfo.InvariantCulture), ScalarKind.Integer));
        return this;
    }

    /// <summary>The value with every variable replaced, in keys too. Unknown names are added to <paramref name="problems"/>.</summary>
    public YamlValue Replace(YamlValue value, ICollection<string> problems) => value switch
    {
        YamlMap map => map with
        {
            Entries = [.. map.Entries.Select(entry => entry with { Key = InText(entry.Key, entry.At, problems), Value = Replace(entry.Value, problems) })],
        },
        YamlList list => list with { Items = [.. list.Items.Select(item => Replace(item, problems))] },
        YamlScalar scalar => InScalar(scalar, problems),
        _ => value,
    };

    private YamlScalar InScalar(YamlScalar scalar, ICollection<string> problems)
    {
        if (scalar.Kind is not ScalarKind.String || !scalar.Text.Contains("${", StringComparison.Ordinal))
            return scalar;
        var whole = VariableForm().Match(scalar.Text);
        if (whole.Success && whole.Length == scalar.Text.Length && !scalar.Quoted && Find(whole.Groups["name"].Value, scalar.At, problems) is var (text, kind))
            return scalar with { Text = text, Kind = kind };
        return scalar with { Text = InText(scalar.Text, scalar.At, problems) };
    }

    private string InText(string text, SourcePosition at, ICollection<string> problems)
    {
        if (BeginningForm().Count(text) != VariableForm().Count(text))
            problems.Add($"{at}: '{text}' has a '${{' that is no variable; write ${{NAME}} with capital letters, digits and '_', or $${{ for one that is to stay.");
        return VariableForm().Replace(text, match => Find(match.Groups["name"].Value, at, problems)?.Text ?? match.Value).Replace("$${", "${", StringComparison.Ordinal);
    }

    private (string Text, ScalarKind Kind)? Find(string name, SourcePosition at, ICollection<string> problems)
    {
        if (_values.TryGetValue(name, out var value))
        {
            _used.Add(name);
            return value;
        }
        var near = NearestName.Find(name, _values.Keys) is { } meant ? $" Did you mean ${{{meant}}}?" : "";
        problems.Add($"{at}: the variable ${{{name}}} is unknown here.{near} Known: {string.Join(", ", _values.Keys)}. For a text that has it so, write $${{{name}}}.");
        return null;
    }

    [GeneratedRegex(@"(?<!\$)\$\{", RegexOptions.CultureInvariant)]
    private static partial Regex BeginningForm();

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z][A-Z0-9_]*)\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex VariableForm();
}
