namespace Nuke.Common.Parameters;

/// <summary>
/// Parameters from environment variables. A name counts when it is the parameter's own, or equal to it in letters and digits, whatever the
/// case; <c>NUKE_</c> may stand before it, and then it wins over a bare one.
/// </summary>
internal sealed class ParameterEnvironment
{
    private readonly ILookup<string, KeyValuePair<string, string>> _byKey;
    private readonly IReadOnlyDictionary<string, string> _variables;
    private readonly string _directory;

    public ParameterEnvironment(IReadOnlyDictionary<string, string> variables, string directory)
    {
        _variables = variables;
        _directory = directory;

        // An empty value is what CI services set for a secret that is not there: the same as none.
        _byKey = variables.Where(variable => variable.Value.Length > 0)
            .OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .ToLookup(variable => ParameterNames.Key(variable.Key));
    }

    /// <summary>Strongest first. Names that say the same thing count once.</summary>
    public IEnumerable<RawValue> Find(ParameterDefinition parameter)
    {
        if (!parameter.IsEngineOwn && _variables.TryGetValue(parameter.Name, out var exact) && exact.Length > 0)
        {
            yield return Value(parameter, parameter.Name, exact, isBare: true);
        }

        foreach (var variable in _byKey["nuke" + parameter.Key])
        {
            yield return Value(parameter, variable.Key, variable.Value, isBare: false);
        }

        foreach (var variable in _byKey[parameter.Key].Where(variable => !parameter.IsEngineOwn && variable.Key != parameter.Name))
        {
            yield return Value(parameter, variable.Key, variable.Value, isBare: true);
        }
    }

    private RawValue Value(ParameterDefinition parameter, string name, string value, bool isBare) =>
        new(parameter is { IsArray: true, Separator: { } separator } ? value.Split(separator) : [value], $"{name} in the environment", _directory)
        {
            Variable = name,
            MayBeMeantForOthers = isBare,
        };
}
