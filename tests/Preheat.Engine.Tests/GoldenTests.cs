using Nuke.Common;
using Nuke.Common.Utilities.Collections;
using Preheat.Engine.Tests.Support;
using Serilog;

namespace Preheat.Engine.Tests;

/// <summary>What a person sees, letter for letter: <c>Goldens/*.txt</c>, with times replaced.</summary>
public sealed class GoldenTests : BuildRunTests
{
    [Theory]
    [InlineData("help", "--help", 0)]
    [InlineData("plan", "--plan --weights volume", 0)]
    [InlineData("plan-of-what-cannot-run", "Publish --plan", 0)]
    [InlineData("plan-json", "--plan json --weights volume --hf-token abcdef --load-rate 7", 0)]
    [InlineData("completion-bash", "--completion bash", 0)]
    [InlineData("completion-zsh", "--completion zsh", 0)]
    [InlineData("completion-fish", "--completion fish", 0)]
    [InlineData("completion-pwsh", "--completion pwsh", 0)]
    [InlineData("success", "--weights volume", 0)]
    [InlineData("failure", "Broken Deploy", 1)]
    [InlineData("quiet", "--no-logo --verbosity minimal Deploy", 0)]
    public void Prints_to_a_pipe(string golden, string arguments, int exit)
    {
        _run.Run<Sample>(arguments, x => ((IVerify)x).Verify).ShouldBe(exit, _run.Output);
        Golden.Match(_run, golden);
    }

    [Fact]
    public void Prints_groups_and_annotations_on_GitHub()
    {
        _run.Variables["GITHUB_ACTIONS"] = "true";
        _run.Run<Sample>("Broken Deploy").ShouldBe(1);
        Golden.Match(_run, "failure-on-github");
    }

    [Theory]
    [InlineData("help-on-github", "--help", 0)]
    [InlineData("plan-on-github", "Publish Deploy --plan", 0)]
    [InlineData("success-on-github", "--weights volume", 0)]
    [InlineData("usage-on-github", "Deploi --wieghts volume", 2)]
    public void Prints_to_GitHub(string golden, string arguments, int exit)
    {
        _run.Variables["GITHUB_ACTIONS"] = "true";
        _run.Run<Sample>(arguments, x => ((IVerify)x).Verify).ShouldBe(exit, _run.Output);
        Golden.Match(_run, golden);
    }

    [Theory]
    [InlineData("help-on-a-terminal", "--help", 0)]
    [InlineData("plan-on-a-terminal", "Publish Deploy --plan --weights volume", 0)]
    [InlineData("failure-on-a-terminal", "Broken Deploy", 1)]
    [InlineData("usage-on-a-terminal", "Deploi --weights bakde --degree-of-paralelism 3", 2)]
    public void Prints_to_a_terminal(string golden, string arguments, int exit)
    {
        _run.TerminalWidth = 72;
        _run.Run<Sample>(arguments, x => ((IVerify)x).Verify).ShouldBe(exit, _run.Output);
        Golden.Match(_run, golden);
    }

    [Theory]
    [InlineData(false, "NO_COLOR", "1", true, false)]
    [InlineData(false, "FORCE_COLOR", "1", false, true)]
    [InlineData(false, "FORCE_COLOR", "0", false, false)]
    [InlineData(false, "TERM", "dumb", true, false)]
    [InlineData(true, "FORCE_COLOR", "1", true, false)]
    [InlineData(false, "TERM", "xterm", true, true)]
    [InlineData(false, "TERM", "xterm", false, false)]
    public void Colours_only_where_they_are_wanted(bool noColor, string name, string value, bool isTerminal, bool expected)
    {
        _run.TerminalWidth = isTerminal ? 80 : null;
        _run.Variables[name] = value;
        if (noColor)
        {
            _run.Variables["NO_COLOR"] = "1";
        }

        _run.Run<Sample>("Deploy").ShouldBe(0);
        _run.Out.Contains("\e[", StringComparison.Ordinal).ShouldBe(expected);
    }

    [Fact]
    public void Lets_no_logged_text_give_commands_to_GitHub()
    {
        _run.Variables["GITHUB_ACTIONS"] = "true";
        _run.Run<Sample>("Inject --cloud ::add-mask::x").ShouldBe(0);
        _run.Out.Split('\n').ShouldContain("│   ::add-mask::x");
        _run.Out.Split('\n').ShouldNotContain(line => line.TrimStart().StartsWith("::add-mask", StringComparison.Ordinal));
    }

    [Fact]
    public void Prints_colours_on_a_terminal_only_and_not_with_NO_COLOR()
    {
        _run.TerminalWidth = 80;
        _run.Run<Sample>("Deploy").ShouldBe(0);
        Golden.Match(_run, "success-on-a-terminal");

        using var plain = new BuildRun { TerminalWidth = 80, Variables = { ["NO_COLOR"] = "1" } };
        plain.Run<Sample>("Deploy").ShouldBe(0);
        plain.Out.ShouldNotContain("\e[");
    }

    [Theory]
    [InlineData("--help", 100)]
    [InlineData("--help", 60)]
    [InlineData("--help", 40)]
    [InlineData("--plan --weights volume --model hf://organisation/some-name", 60)]
    public void Wraps_to_the_terminal(string arguments, int width)
    {
        _run.TerminalWidth = width;
        _run.Variables["NO_COLOR"] = "1";
        _run.Run<Sample>(arguments, x => ((IVerify)x).Verify).ShouldBe(0);

        // Only names and single words may be longer.
        _run.Out.Split('\n').Where(line => line.Length > width).ShouldAllBe(line => !line.TrimStart().Contains(' ') || line.Contains("->") || line.EndsWith(':'));
    }

    [Theory]
    [InlineData("--weights bakde", "Parameter --weights: 'bakde' is none of baked, volume, bucket (from the command line); did you mean baked?")]
    [InlineData("--weights xyz", "Parameter --weights: 'xyz' is none of baked, volume, bucket (from the command line).")]
    [InlineData("--verbosity quite", "Parameter --verbosity: 'quite' is none of Verbose, Normal, Minimal, Quiet (from the command line); did you mean quiet?")]
    [InlineData("--plan jsn", "Unknown target 'jsn'. Run with --help for all targets.")]
    [InlineData("--completion bsh", "Parameter --completion: 'bsh' is none of bash, zsh, fish, pwsh (from the command line); did you mean bash?")]
    public void Says_what_was_probably_meant(string arguments, string message)
    {
        _run.Run<Sample>(arguments, x => ((IVerify)x).Verify).ShouldBe(2);
        _run.Error.ShouldBe(message + "\n");
    }

    [Fact]
    public void Asks_the_builds_hook_what_it_knows_of_each_target_that_is_not_ruled_out()
    {
        var asked = new List<string>();
        _run.Slots["preheat.plan"] = new Func<string, string?>(target =>
        {
            asked.Add(target);
            return target switch { "Resolve" => "up to date: nothing changed", "Bake" => throw new IOException("no receipt"), _ => null };
        });
        _run.Run<Sample>("--plan", x => ((IVerify)x).Verify).ShouldBe(0);
        Golden.Match(_run, "plan-with-hook");
        asked.ShouldBe(["Resolve", "Bake", "Deploy", "Smoke"], ignoreOrder: true);
    }

    private interface IHazDeployment : INukeBuild
    {
        [Parameter("The model to serve: hf://org/name@rev, gs://bucket/path or file:///path. Locally the embedded hub has one that is used when none is named.")]
        string? Model => TryGetValue(() => Model);

        [Parameter("How weights reach the server", Name = "Weights", ValueProviderType = typeof(IHazDeployment), ValueProviderMember = nameof(WeightsKinds))]
        string? Weights => TryGetValue(() => Weights);

        [Parameter("Token for the hub; better from HF_TOKEN."), Secret] string? HfToken => TryGetValue(() => HfToken);
        [Parameter] int? LoadRate => TryGetValue<int?>(() => LoadRate);
        [Parameter(List = false)] bool? Hidden => TryGetValue<bool?>(() => Hidden);

        static IEnumerable<string> WeightsKinds => ["baked", "volume", "bucket"];
    }

    private interface IResolve : IHazDeployment
    {
        Target Resolve => _ => _.Description("Pins the model's revision and lists its files.").Executes(() =>
        {
            Log.Debug("Asking {Host}", "the hub");
            ReportSummary(_ => _.AddPair("Revision", "abc123").AddPair("Files", 9));
        });
    }

    private interface IBake : IHazDeployment
    {
        Target Bake => _ => _.Description("Bakes the weights into an image.").DependsOn<IResolve>().OnlyWhenStatic(() => Weights != "volume").Executes(() => Log.Information("Baked"));
    }

    private interface IVerify : IHazDeployment
    {
        Target Deploy => _ => _.Description("Rolls the deployment out.").DependsOn<IResolve>().TryDependsOn<IBake>().Triggers(Smoke).Executes(() => Log.Warning("Slow start"));
        Target Smoke => _ => _.Unlisted().OnlyWhenDynamic(() => Model != "none").Executes(() => Log.Information("It answers\nin two lines"));
        Target Verify => _ => _.Description("All of it, with a report that is longer than the line on which this description starts, so that it must go on in the next.").DependsOn(Deploy);
    }

    private sealed class Sample : NukeBuild, IResolve, IBake, IVerify
    {
        [Parameter("Which cloud to use.")] public readonly string Cloud = "local";

        private Target Broken => _ => _.Before<IResolve>().Executes(() => throw new InvalidOperationException("50% done,\nthen it broke"));
        private Target Inject => _ => _.Unlisted().Executes(() => Log.Information("Answer:\n  {Cloud:l}", Cloud));
        private Target Publish => _ => _.Requires(() => ((IHazDeployment)this).HfToken).Executes(() => { });
    }
}
