using System.Globalization;
using System.Text;

namespace Preheat.Load;

/// <summary>The report's text form: vegeta's, column for column, so that its figures can be laid beside published ones.</summary>
internal static class VegetaText
{
    private const int NameWidth = 14;
    private const int ColumnsWidth = 34;

    public static string Write(LoadReport report)
    {
        var text = new StringBuilder();
        var latencies = report.Latencies;
        Line(text, "Requests", "[total, rate, throughput]", string.Create(CultureInfo.InvariantCulture, $"{report.Requests}, {report.Rate:F2}, {report.Throughput:F2}"));
        Line(text, "Duration", "[total, attack, wait]", Durations(report.Duration + report.Wait, report.Duration, report.Wait));
        Line(
            text,
            "Latencies",
            "[min, mean, 50, 90, 95, 99, max]",
            Durations(latencies.Min, latencies.Mean, latencies.P50, latencies.P90, latencies.P95, latencies.P99, latencies.Max));
        Line(text, "Bytes In", "[total, mean]", string.Create(CultureInfo.InvariantCulture, $"{report.BytesIn.Total}, {report.BytesIn.Mean:F2}"));
        Line(text, "Bytes Out", "[total, mean]", string.Create(CultureInfo.InvariantCulture, $"{report.BytesOut.Total}, {report.BytesOut.Mean:F2}"));
        Line(text, "Success", "[ratio]", string.Create(CultureInfo.InvariantCulture, $"{report.Success * 100:F2}%"));
        var codes = report.StatusCodes.OrderBy(code => code.Key, StringComparer.Ordinal).Select(code => $"{code.Key}:{code.Value}  ");
        Line(text, "Status Codes", "[code:count]", string.Concat(codes));
        text.Append("Error Set:\n");
        foreach (var error in report.Errors)
            text.Append(error).Append('\n');
        return text.ToString();
    }

    private static string Durations(params ReadOnlySpan<long> values)
    {
        var parts = new string[values.Length];
        for (var i = 0; i < values.Length; i++)
            parts[i] = GoDuration.FormatRounded(values[i]);
        return string.Join(", ", parts);
    }

    private static void Line(StringBuilder text, string name, string columns, string values) =>
        text.Append(name.PadRight(NameWidth)).Append(columns.PadRight(ColumnsWidth)).Append(values).Append('\n');
}
