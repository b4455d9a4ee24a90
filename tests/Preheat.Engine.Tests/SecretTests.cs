using Nuke.Common;
using Nuke.Common.Output;
using Nuke.Common.Utilities.Collections;
using Preheat.Engine.Tests.Support;
using Serilog;

namespace Preheat.Engine.Tests;

public sealed class SecretTests : BuildRunTests
{
    private const string Canary = "ca/nary 4711+";


    [Theory]
    [InlineData("Logs", 0)]
    [InlineData("Throws", 1)]
    [InlineData("Throws --verbosity quiet", 1)]
    [InlineData("Reports", 0)]
    [InlineData("Requires", 2)]
    public void Never_prints_a_secret(string arguments, int exit)
    {
        RunWith(arguments).ShouldBe(exit, _run.Output);
        ShouldBeMasked();
    }

    [Fact]
    public void Never_prints_a_secret_on_GitHub_either()
    {
        _run.Variables["GITHUB_ACTIONS"] = "true";
        RunWith("Throws").ShouldBe(1);
        _run.Out.ShouldContain("::error::Target Throws failed: InvalidOperationException: refused ***");
        ShouldBeMasked();
    }

    [Fact]
    public void Masks_in_the_plan_and_in_messages_about_values()
    {
        RunWith("--plan").ShouldBe(0);
        ShouldBeMasked();
        _run.Run<Sample>($"Logs --number {nameof(Canary)}").ShouldBe(2);
        _run.Error.ShouldBe("Parameter --number: '***' is not a whole number (from the command line).\n");
    }

    [Fact]
    public void Masks_a_value_that_a_stronger_source_hides()
    {
        _run.Variables["TOKEN"] = "other-canary";
        _run.Variables["SAY"] = "other-canary";
        RunWith("Says").ShouldBe(0);
        _run.Out.ShouldContain("said ***");
        _run.Out.ShouldNotContain("other-canary");
    }

    [Fact]
    public void Does_not_repeat_the_value_of_an_option_that_it_does_not_know()
    {
        _run.Run<Sample>("Logs --tokn hunter2").ShouldBe(2);
        _run.Error.ShouldBe("Unknown option --tokn; did you mean --token?\n");
    }

    [Theory]
    [InlineData("a-long ca/nary 4711+ text", "a-long *** text")]
    [InlineData("xca/nary 4711+x", "x***x")]
    [InlineData("?t=ca%2Fnary%204711%2B&x", "?t=***&x")]
    [InlineData("?t=ca%2fnary+4711%2b&x", "?t=***&x")]
    [InlineData("{\"t\":\"ca\\u002Fnary 4711\\u002b\"}", "{\"t\":\"***\"}")]
    [InlineData("ca\\/nary 4711+", "***")]
    [InlineData("first: ca/na\n   ry\n   4711+, next", "first: ***, next")]
    [InlineData("ca/nary\r\n4711+", "***")]
    [InlineData("Y2EvbmFyeSA0NzExKw==", "***==")]
    [InlineData("ca/nary 4711+ca/nary 4711+", "******")]
    [InlineData("ca/ca/nary 4711+", "ca/***")]
    [InlineData("ca/nary 4711", "ca/nary 4711")]
    [InlineData("ca/nary4711+", "ca/nary4711+")]
    [InlineData("100% ca\\", "100% ca\\")]
    public void Finds_a_secret_however_it_is_written(string text, string masked)
    {
        var mask = new SecretMask();
        mask.Add([Canary]);
        mask.Apply(text).ShouldBe(masked);
    }

    [Theory]
    [InlineData("command line", "Everything", 1)]
    [InlineData("environment", "Everything", 1)]
    [InlineData("file", "Everything", 1)]
    [InlineData("command line", "Everything --plan", 0)]
    [InlineData("environment", "Everything --plan json", 0)]
    [InlineData("file", "Everything --plan json", 0)]
    [InlineData("file", "--help", 0)]
    [InlineData("environment", "--completion bash", 0)]
    public void Lets_no_secret_out_wherever_it_comes_from(string source, string arguments, int exit)
    {
        foreach (var (width, gitHub) in new (int?, bool)[] { (null, false), (40, false), (null, true) })
        {
            using var run = new BuildRun { TerminalWidth = width, DefaultDegree = 2 };
            if (gitHub)
            {
                run.Variables["GITHUB_ACTIONS"] = "true";
            }

            switch (source)
            {
                case "environment": run.Variables["TOKEN"] = Canary; break;
                case "file": run.WriteFile("parameters.json", $$"""{ "Token": "{{Canary}}" }"""); break;
            }

            string[] typed = source == "command line" ? ["--token", Canary] : [];
            run.Slots["preheat.plan"] = new Func<string, string?>(_ => $"runs: its inputs have changed, {Canary} too");
            run.Run<Sample>(() => new Sample(), [.. arguments.Split(' '), .. typed], x => x.Logs).ShouldBe(exit, run.Output);
            run.Output.ShouldNotContain("nary", Case.Insensitive);
            run.Output.ShouldNotContain("4711");
            run.Output.Length.ShouldBeGreaterThan(100);
        }
    }

    [Fact]
    public void Masks_each_line_of_a_secret_of_several_lines()
    {
        _run.Run<Sample>(() => new Sample(), ["Lines", "--token", "{\nfirst-line\nsecond-line\n}"]).ShouldBe(0);
        _run.Out.ShouldContain("one ***\n");
        _run.Out.ShouldContain("two ***\n");
    }

    private int RunWith(string arguments) =>
        _run.Run<Sample>(() => new Sample(), [.. arguments.Split(' '), "--token", Canary], x => x.Logs);

    private void ShouldBeMasked()
    {
        _run.Output.ShouldContain("***");
        _run.Output.ShouldNotContain("nary", Case.Insensitive);
    }

    private sealed class Sample : NukeBuild
    {
        [Parameter, Secret] public readonly string? Token;
        [Parameter, Secret] public readonly int? Number;
        [Parameter] public readonly string? Say;

        public Target Logs => _ => _.OnlyWhenDynamic(() => Token != null, $"Token is not {Canary}").Executes(() =>
        {
            Log.Information("Bearer {Token}", Token);
            Log.Warning("https://host/?token={Token}", Uri.EscapeDataString(Token!));
        });

        private Target Everything => _ => _.DependsOn(Beside).OnlyWhenDynamic(() => Token != null, $"Token is not {Canary}").Description("Says all").Executes(() =>
        {
            Log.Information("{Token} {Url} {Object} {Text:l}", Token, Uri.EscapeDataString(Token!), new { Token }, System.Text.Json.JsonSerializer.Serialize(Token));
            ReportSummary(_ => _.AddPair(Token!, Token!));
            throw new InvalidOperationException($"outer {Token}", new IOException($"inner\n{Token}\nend"));
        });

        private Target Beside => _ => _.Executes(() => Log.Warning("Authorization: Bearer {Token:l}\nca/nary\n 4711+", Token));
        private Target Throws => _ => _.Executes(() => throw new InvalidOperationException($"refused {Token}"));
        private Target Reports => _ => _.Executes(() => ReportSummary(_ => _.AddPair("Token", Token!)));
        private Target Requires => _ => _.Requires(() => Token == "refused " + Canary).Executes(() => { });
        private Target Says => _ => _.Executes(() => Log.Information("said {Say}", Say));

        private Target Lines => _ => _.Executes(() =>
        {
            Log.Information("one {Line}", "first-line");
            Log.Information("two {Line}", "second-line");
        });
    }
}
