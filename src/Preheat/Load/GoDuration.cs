using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Preheat.Load;

/// <summary>Durations in the form of Go's <c>time.Duration</c> (<c>1m30s</c>, <c>1.234s</c>, <c>12.345µs</c>), in which vegeta prints and people write them.</summary>
/// <remarks>Source: Go's documentation of <c>time.Duration.String</c> and <c>time.ParseDuration</c>. Values are nanoseconds.</remarks>
public static class GoDuration
{
    private const long Microsecond = 1_000;
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;

    private static readonly long[] Units = [Hour, Minute, Second, Millisecond, Microsecond, 1];

    /// <summary>The whole value: hours, minutes and seconds from one second on, otherwise the largest of ms, µs, ns that leaves a whole part; no trailing zeros.</summary>
    public static string Format(long nanoseconds)
    {
        if (nanoseconds == 0)
            return "0s";
        var size = nanoseconds < 0 ? (UInt128)(-(Int128)nanoseconds) : (UInt128)nanoseconds;
        var text = new StringBuilder(nanoseconds < 0 ? "-" : "");
        if (size < Microsecond)
            return text.Append(CultureInfo.InvariantCulture, $"{size}ns").ToString();
        if (size < Millisecond)
            return text.Append(Fraction(size, Microsecond)).Append("µs").ToString();
        if (size < Second)
            return text.Append(Fraction(size, Millisecond)).Append("ms").ToString();
        if (size >= Hour)
            text.Append(CultureInfo.InvariantCulture, $"{size / Hour}h");
        if (size >= Minute)
            text.Append(CultureInfo.InvariantCulture, $"{size / Minute % 60}m");
        return text.Append(Fraction(size % Minute, Second)).Append('s').ToString();
    }

    /// <summary>A span as people write it: in Go's form (<c>600s</c>, <c>1m30s</c>), or plain seconds (<c>600</c>). False when it is neither.</summary>
    public static bool TryRead(string text, out TimeSpan span)
    {
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e9)
            span = TimeSpan.FromSeconds(seconds);
        else if (TryParse(text, out var nanoseconds))
            span = TimeSpan.FromTicks(nanoseconds / 100);
        else
        {
            span = default;
            return false;
        }
        return true;
    }

    /// <summary>The value as vegeta shows it: rounded (half away from zero) to the unit below its own, then formatted.</summary>
    public static string FormatRounded(long nanoseconds)
    {
        for (var i = 0; i < Units.Length - 1; i++)
        {
            if (nanoseconds >= Units[i])
                return Format((long)Int128.Min(long.MaxValue, ((Int128)nanoseconds + (Units[i + 1] / 2)) / Units[i + 1] * Units[i + 1]));
        }
        return Format(nanoseconds);
    }

    /// <summary>Reads a sequence of numbers with units: <c>1m30s</c>, <c>1.5h</c>, <c>300ms</c>, <c>10us</c>; <c>0</c> needs no unit. Negative values and overflow are refused.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out long nanoseconds)
    {
        nanoseconds = 0;
        if (string.IsNullOrEmpty(text))
            return false;
        if (text == "0")
            return true;
        var rest = text.AsSpan();
        decimal sum = 0;
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits is <= 0 or > 18 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return false;
            rest = rest[digits..];
            var end = rest.IndexOfAny("0123456789.");
            var unit = end < 0 ? rest : rest[..end];
            decimal? factor = unit switch
            {
                "h" => Hour,
                "m" => Minute,
                "s" => Second,
                "ms" => Millisecond,
                "us" or "µs" or "μs" => Microsecond,
                "ns" => 1,
                _ => null,
            };
            if (factor is not { } f)
                return false;
            sum += number * f;
            if (sum > long.MaxValue)
                return false;
            rest = rest[unit.Length..];
        }
        nanoseconds = (long)sum;
        return true;
    }

    private static string Fraction(UInt128 size, long unit) => ((decimal)size / unit).ToString("0.#########", CultureInfo.InvariantCulture);
}
