using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.Serving;

/// <summary>Reads parameters and collects every error, so that a user sees all of them at once.</summary>
public sealed class ParameterReader(Func<string, string?> environment, Action<string> warn)
{
    private readonly List<string> _errors = [];

    /// <summary>Makes a value of a text; false when the text is none.</summary>
    public delegate bool TryParse<T>(string text, out T value);

    /// <summary>One of a few words, any case.</summary>
    public string OneOf(string parameter, string? value, string fallback, params string[] allowed) =>
        Read(parameter, value, fallback, (string text, out string known) => (known = Array.Find(allowed, word => word.Equals(text, StringComparison.OrdinalIgnoreCase))!) is not null, $"one of {string.Join(", ", allowed)}");

    /// <summary>A text that must match a pattern; the fallback is taken as valid.</summary>
    public string Text(string parameter, string? value, string fallback, Regex pattern, string allowed) =>
        Read(parameter, value, fallback, (string text, out string same) => pattern.IsMatch(same = text), allowed);

    /// <summary>A value of any type. A bare environment variable that merely has the parameter's name (<c>PLATFORM=x64</c>, <c>MODEL=M4</c>) is ignored with a warning.</summary>
    /// <param name="allowed">What may be given, for the message.</param>
    public T Read<T>(string parameter, string? value, T fallback, TryParse<T> parse, string allowed)
    {
        if (string.IsNullOrEmpty(value))
            return fallback;
        if (parse(value, out var read))
            return read;
        if (BareVariable(parameter, value) is { } name)
            warn($"Ignored {name} in the environment: '{value}' is not allowed for {parameter}. If it is meant for it, give {allowed} in NUKE_{Upper(parameter)}.");
        else
            Error(parameter, value, allowed);
        return fallback;
    }

    /// <summary>A whole number in a range, both ends included.</summary>
    public int Whole(string parameter, int? value, int fallback, int least, int most)
    {
        if (value is null || (value >= least && value <= most))
            return value ?? fallback;
        Error(parameter, value.Value.ToString(CultureInfo.InvariantCulture), $"a whole number from {least} to {most}");
        return fallback;
    }

    /// <summary>A factor in a range, both ends included; null when it is not given.</summary>
    public double? Factor(string parameter, string? value, double least, double most) =>
        Read<double?>(parameter, value, null, (string text, out double? factor) =>
        {
            factor = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
            return factor >= least && factor <= most;
        }, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));

    /// <summary>Adds an error in the one form they all have.</summary>
    public void Error(string parameter, string value, string allowed)
    {
        var source = environment($"NUKE_{Upper(parameter)}") == value ? $" (from NUKE_{Upper(parameter)})" : "";
        _errors.Add($"{parameter} '{value}'{source} is not allowed. Give {allowed}.");
    }

    /// <summary>Adds an error that is not about one value's form.</summary>
    public void Error(string message) => _errors.Add(message);

    /// <exception cref="UserException">Something was wrong; the message lists all of it.</exception>
    public void ThrowIfWrong()
    {
        if (_errors.Count == 1)
            throw new UserException(_errors[0]);
        if (_errors.Count > 1)
            throw new UserException($"{_errors.Count} values are wrong:\n" + string.Join('\n', _errors.Select(error => "  - " + error)));
    }

    // The variable without NUKE_ that the value is from; null when it is from elsewhere.
    private string? BareVariable(string parameter, string value) =>
        new[] { Upper(parameter), Upper(parameter).Replace("_", "", StringComparison.Ordinal) }.FirstOrDefault(name => environment(name) == value);

    private static string Upper(string parameter) => parameter.TrimStart('-').Replace('-', '_').ToUpperInvariant();
}
