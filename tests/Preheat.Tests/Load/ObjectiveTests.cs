using Preheat.Load;

namespace Preheat.Tests.Load;

public class ObjectiveTests
{
    [Theory]
    [InlineData("success>=99", "success", null, 99)]
    [InlineData("success >= 99.5%", "success", null, 99.5)]
    [InlineData("p95<=2s", "latency", "p95", 2e9)]
    [InlineData("mean<1m30s", "latency", "mean", 90e9)]
    [InlineData("ttft_p95<=500ms", "ttft", "p95", 500e6)]
    [InlineData("ttft_visible_max<=1s", "ttft_visible", "max", 1e9)]
    [InlineData("chunk_gap_p99<=50ms", "chunk_gap", "p99", 50e6)]
    [InlineData("throughput>=5", "throughput", null, 5)]
    [InlineData("goodput>4.5/s", "goodput", null, 4.5)]
    public void Reads_the_forms_it_names(string text, string metric, string? statistic, double bound)
    {
        var objective = Objective.Parse(text);
        (objective.Metric, objective.Statistic, objective.Bound).ShouldBe((metric, statistic, bound));
    }

    [Theory]
    [InlineData("")]
    [InlineData("success")]
    [InlineData("success=99")]
    [InlineData("success>=101")]
    [InlineData("success>=x")]
    [InlineData("p95<=2")]
    [InlineData("p96<=2s")]
    [InlineData("ttft<=2s")]
    [InlineData("speed>=5")]
    [InlineData("throughput>=-1")]
    [InlineData("p95<==2s")]
    public void Refuses_anything_else_and_names_the_forms(string text)
    {
        var thrown = Should.Throw<UserException>(() => Objective.Parse(text));
        thrown.ExitCode.ShouldBe(2);
        thrown.Message.ShouldContain($"'{text}'");
        thrown.Message.ShouldContain("ttft_p95<=500ms");
    }

    [Theory]
    [InlineData("p95<=2s", 2e9, true)]
    [InlineData("p95<2s", 2e9, false)]
    [InlineData("throughput>=5", 4.999, false)]
    [InlineData("throughput>5", 5.0, false)]
    [InlineData("success>=99", 98.99, false)]
    public void Compares_as_written(string text, double observed, bool met) => Objective.Parse(text).IsMet(observed).ShouldBe(met);

    [Fact]
    public void Options_list_all_wrong_values_together()
    {
        var thrown = Should.Throw<UserException>(() => LoadOptions.Parse("fast", "10 parsecs", "0", null, ["success>=99", "p95<2", "x>1"]));
        thrown.Message.Split('\n').Length.ShouldBe(5);
        thrown.Message.ShouldContain("--load-rate 'fast'");
        thrown.Message.ShouldContain("--load-duration '10 parsecs'");
        thrown.Message.ShouldContain("--load-timeout 0 s");
        thrown.Message.ShouldContain("'p95<2'");
        thrown.Message.ShouldContain("'x>1'");
    }

    [Fact]
    public void Options_take_durations_and_plain_seconds()
    {
        var options = LoadOptions.Parse("0.5/s", "10m", "1.5", null, ["success>=99,p95<=2s"]);
        (options.Rate, options.Duration, options.Timeout, options.Requests).ShouldBe((0.5, TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(1.5), 300));
        options.Objectives.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    public void Options_refuse_rates_that_send_nothing_or_no_end(string rate) => Should.Throw<UserException>(() => LoadOptions.Parse(rate, null, null, null, null));
}
