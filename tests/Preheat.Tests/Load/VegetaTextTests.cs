using System.Text.Json;
using Preheat.Load;

namespace Preheat.Tests.Load;

public class VegetaTextTests
{
    // The published report of the reference articles: 6,000 requests over 600 s.
    private static readonly LoadReport Published = new()
    {
        Latencies = new()
        {
            Total = 102_936_000_000_000,
            Mean = 17_156_000_000,
            P50 = 17_784_000_000,
            P90 = 30_001_000_000,
            P95 = 30_001_200_000,
            P99 = 30_001_400_000,
            Max = 30_009_000_000,
            Min = 687_744,
        },
        BytesIn = new(2_516_133, 2_516_133 / 6000.0),
        BytesOut = new(892_060, 892_060 / 6000.0),
        Earliest = DateTimeOffset.UnixEpoch,
        Latest = DateTimeOffset.UnixEpoch.AddSeconds(599.9),
        End = DateTimeOffset.UnixEpoch.AddSeconds(607.851),
        Duration = 599_900_000_000,
        Wait = 7_951_000_000,
        Requests = 6000,
        Rate = 6000 / 599.9,
        Throughput = 3796 / 607.851,
        Success = 3796 / 6000.0,
        StatusCodes = new Dictionary<string, int> { ["200"] = 3796, ["0"] = 2204 },
        Errors = ["deadline exceeded: no complete answer within 30s (waiting for headers)"],
        RequestedRate = 10,
        AchievedRate = 10,
        Valid = true,
        Planned = 6000,
        Timeout = 30_000_000_000,
        OutputTokens = 0,
        OutputTokensPerSecond = 0,
        Goodput = 0,
        Attainment = 0,
    };

    [Fact]
    public void Has_vegetas_lines_and_columns() => Published.ToText().ShouldBe(
        "Requests      [total, rate, throughput]         6000, 10.00, 6.24\n"
        + "Duration      [total, attack, wait]             10m8s, 10m0s, 7.951s\n"
        + "Latencies     [min, mean, 50, 90, 95, 99, max]  687.744µs, 17.156s, 17.784s, 30.001s, 30.001s, 30.001s, 30.009s\n"
        + "Bytes In      [total, mean]                     2516133, 419.36\n"
        + "Bytes Out     [total, mean]                     892060, 148.68\n"
        + "Success       [ratio]                           63.27%\n"
        + "Status Codes  [code:count]                      0:2204  200:3796  \n"
        + "Error Set:\n"
        + "deadline exceeded: no complete answer within 30s (waiting for headers)\n");

    [Fact]
    public void Sorts_status_codes_as_text() =>
        (Published with { StatusCodes = new Dictionary<string, int> { ["503"] = 1, ["200"] = 2, ["0"] = 3, ["1000"] = 4 } })
            .ToText().ShouldContain("0:3  1000:4  200:2  503:1  \n");

    [Fact]
    public void Json_has_vegetas_keys_at_its_root_in_nanoseconds()
    {
        using var document = JsonDocument.Parse(Published.ToJson());
        var root = document.RootElement;
        root.GetProperty("latencies").EnumerateObject().Select(property => property.Name)
            .ShouldBe(["total", "mean", "50th", "90th", "95th", "99th", "max", "min"], ignoreOrder: true);
        root.GetProperty("latencies").GetProperty("50th").GetInt64().ShouldBe(17_784_000_000);
        root.GetProperty("bytes_in").GetProperty("mean").GetDouble().ShouldBe(419.355, 0.001);
        root.GetProperty("bytes_out").GetProperty("total").GetInt64().ShouldBe(892_060);
        root.GetProperty("status_codes").GetProperty("0").GetInt32().ShouldBe(2204);
        root.GetProperty("errors").GetArrayLength().ShouldBe(1);
        root.GetProperty("wait").GetInt64().ShouldBe(7_951_000_000);
        root.GetProperty("success").GetDouble().ShouldBe(0.6327, 0.0001);
        foreach (var name in new[] { "earliest", "latest", "end", "duration", "requests", "rate", "throughput" })
            root.TryGetProperty(name, out _).ShouldBeTrue(name);
    }

    [Fact]
    public void Json_is_read_back_to_the_same_text_and_json()
    {
        var back = LoadReport.FromJson(Published.ToJson());
        back.ToText().ShouldBe(Published.ToText());
        back.ToJson().ShouldBe(Published.ToJson());
    }
}
