using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.Serving;

/// <summary>Reads parameters and collects every error, so that a user sees all of them at once.</summary>
public sealed class ParameterReader(Func<string, string?> environment, Action<string> warn)
{
    private readonly List<string> _errors = [];

    /// <summary>One of a few words, any case. A bare environment variable of that name with another meaning (<c>PLATFORM=x64</c>) is ignored with a warning.</summary>
    public string OneOf(string parameter, string? value, string fallback, params string[] allowed)
    {
        if (string.IsNullOrEmpty(value))
            return fallback;
        if (Array.Find(allowed, word => word.Equals(value, StringComparison.OrdinalIgnoreCase)) is { } known)
            return known;
        if (IsBareEnvironment(parameter, value))
        {
            warn($"The environment variable for {parameter} holds '{value}', which is none of {string.Join(", ", allowed)}: ignored. Use {parameter} or NUKE_{Upper(parameter)} to set it.");
            return fallback;
        }
        Error(parameter, value, $"one of {string.Join(", ", allowed)}");
        return fallback;
    }

    /// <summary>A text that must match a pattern; the fallback is taken as valid.</summary>
    public string Text(string parameter, string? value, string fallback, Regex pattern, string allowed)
    {
        if (string.IsNullOrEmpty(value))
            return fallback;
        if (pattern.IsMatch(value))
            return value;
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

    /// <summary>A factor in a range, both ends included.</summary>
    public double Factor(string parameter, string? value, double fallback, double least, double most)
    {
        if (string.IsNullOrEmpty(value))
            return fallback;
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        Error(parameter, value, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
        return fallback;
    }

    /// <summary>Adds an error in the one form they all have.</summary>
    public void Error(string parameter, string value, string allowed) => _errors.Add($"{parameter} '{value}' is not allowed. Give {allowed}.");

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

    private bool IsBareEnvironment(string parameter, string value) => environment(Upper(parameter).Replace("_", "", StringComparison.Ordinal)) == value || environment(Upper(parameter)) == value;

    private static string Upper(string parameter) => parameter.TrimStart('-').Replace('-', '_').ToUpperInvariant();
}
