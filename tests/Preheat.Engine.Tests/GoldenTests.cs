using Nuke.Common;
using Nuke.Common.Utilities.Collections;
using Preheat.Engine.Tests.Support;
using Serilog;

namespace Preheat.Engine.Tests;

/// <summary>What a person sees, letter for letter: <c>Goldens/*.txt</c>, with times replaced.</summary>
[Collection("slots")]
public sealed class GoldenTests : BuildRunTests
{
    public override void Dispose()
    {
        AppContext.SetData("preheat.plan", null);
        base.Dispose();
    }

    [Theory]
    [InlineData("help", "--help", 0)]
    [InlineData("plan", "--plan --weights volume", 0)]
    [InlineData("plan-of-what-cannot-run", "Publish --plan", 0)]
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

    [Fact]
    public void Wraps_help_to_the_terminal()
    {
        _run.TerminalWidth = 60;
        _run.Run<Sample>("--help").ShouldBe(0);
        _run.Out.Split('\n').ShouldAllBe(line => line.Length <= 60);
    }

    [Fact]
    public void Asks_the_builds_hook_what_it_knows_of_each_target_that_is_not_ruled_out()
    {
        var asked = new List<string>();
        AppContext.SetData("preheat.plan", new Func<string, string?>(target =>
        {
            asked.Add(target);
            return target switch { "Resolve" => "up to date: nothing changed", "Bake" => throw new IOException("no receipt"), _ => null };
        }));
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
