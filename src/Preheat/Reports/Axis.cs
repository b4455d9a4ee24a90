using System.Globalization;
using Preheat.Load;

namespace Preheat.Reports;

/// <summary>A linear axis from zero to a round number at or above the largest value.</summary>
/// <remarks>Steps are 1, 2 or 5 times a power of ten; on an axis of seconds that spans minutes they are parts and multiples of minutes.</remarks>
internal sealed class Axis
{
    private const int MostTicks = 5;

    private static readonly double[] SecondSteps = [30, 60, 120, 300, 600, 1200, 3600, 7200, 18_000, 36_000];

    private readonly double _from;
    private readonly double _to;

    /// <param name="largest">The largest value to show.</param>
    /// <param name="from">Where zero lies on the page.</param>
    /// <param name="to">Where <paramref name="largest"/>, rounded up, lies on the page.</param>
    /// <param name="seconds">Whether values are seconds.</param>
    public Axis(double largest, double from, double to, bool seconds = false)
    {
        (_from, _to) = (from, to);
        largest = Math.Max(largest, 1e-9);
        var raw = largest / MostTicks;
        Step = seconds && raw > 20 && raw <= SecondSteps[^1] ? SecondSteps.First(step => step >= raw) : RoundStep(raw);
        End = Math.Max(Step, Math.Ceiling((largest / Step) - 1e-9) * Step);
    }

    public double Step { get; }

    public double End { get; }

    public IEnumerable<double> Ticks
    {
        get
        {
            for (var i = 0; i <= (int)Math.Round(End / Step); i++)
                yield return i * Step;
        }
    }

    public double At(double value) => _from + (Math.Clamp(value / End, 0, 1) * (_to - _from));

    /// <summary>A position on the page with one decimal.</summary>
    public static string Place(double position) => position.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A latency tick; nanoseconds.</summary>
    public static string Duration(double nanoseconds) => GoDuration.Format((long)Math.Round(nanoseconds));

    /// <summary>A tick of an axis of seconds.</summary>
    public string SecondsTick(double seconds) => End >= 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.#} min")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###} s");

    private static double RoundStep(double raw)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var factor = raw / power;
        return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    }
}
