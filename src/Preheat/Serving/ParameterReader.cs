using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.Serving;

/// <summary>Reads parameters and collects every error, so that a user sees all of them at once.</summary>
public sealed partial class ParameterReader(Func<string, string?> environment, Action<string> warn)
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

    /// <summary>A rate: <c>10</c>, <c>2.5</c>, <c>10/s</c>, <c>90/m</c>; requests per second.</summary>
    public double Rate(string parameter, string? value, double fallback)
    {
        if (string.IsNullOrEmpty(value))
            return fallback;
        var match = RateForm().Match(value);
        if (match.Success && double.TryParse(match.Groups["n"].Value, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1e6)
            return match.Groups["unit"].Value is "m" ? number / 60 : number;
        Error(parameter, value, "requests per second above 0, such as 10, 2.5 or 10/s, or per minute: 90/m");
        return fallback;
    }

    /// <summary>A duration: <c>500ms</c>, <c>10s</c>, <c>10m</c>, <c>1h</c>, or bare seconds.</summary>
    public TimeSpan Duration(string parameter, string? value, TimeSpan fallback)
    {
        if (string.IsNullOrEmpty(value))
            return fallback;
        if (TryDuration(value, out var duration) && duration > TimeSpan.Zero && duration <= TimeSpan.FromDays(1))
            return duration;
        Error(parameter, value, "a duration above 0 and up to 24h, such as 500ms, 10s, 10m or 1h");
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

    private static bool TryDuration(string value, out TimeSpan duration)
    {
        duration = default;
        var match = DurationForm().Match(value);
        if (!match.Success || !double.TryParse(match.Groups["n"].Value, CultureInfo.InvariantCulture, out var number))
            return false;
        var milliseconds = number * match.Groups["unit"].Value switch { "ms" => 1, "m" => 60_000, "h" => 3_600_000, _ => 1000 };
        if (milliseconds > 1e12)
            return false;
        duration = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }

    private bool IsBareEnvironment(string parameter, string value) => environment(Upper(parameter).Replace("_", "", StringComparison.Ordinal)) == value || environment(Upper(parameter)) == value;

    private static string Upper(string parameter) => parameter.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    [GeneratedRegex(@"^(?<n>\d+(\.\d+)?)(/(?<unit>[sm]))?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex RateForm();

    [GeneratedRegex(@"^(?<n>\d+(\.\d+)?)(?<unit>ms|s|m|h)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex DurationForm();
}
