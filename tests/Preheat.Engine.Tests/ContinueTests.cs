using Nuke.Common;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class ContinueTests : BuildRunTests
{
    private readonly Sample _build = new();

    [Fact]
    public void Leaves_out_what_succeeded_before_the_failure()
    {
        _build.Fails = true;
        Run("Deploy").ShouldBe(1);
        _build.Fails = false;
        Run("Deploy --continue").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Resolve", "Bake", "Deploy"]);
        _build.SkippedTargets.Select(target => target.Name).ShouldBe(["Resolve"]);
        _run.Out.ShouldContain("Skipped: succeeded in the call before");
    }

    [Fact]
    public void Shows_in_the_plan_what_is_left_out_and_forgets_nothing_by_it()
    {
        _build.Fails = true;
        Run("Deploy").ShouldBe(1);
        _build.Fails = false;
        Run("Deploy --continue --plan").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("ruled out: skipped succeeded in the call before");
        Run("Deploy --continue").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Resolve", "Bake", "Deploy"]);
    }

    [Fact]
    public void Goes_on_where_a_continued_call_failed_again()
    {
        _build.Fails = true;
        Run("Deploy").ShouldBe(1);
        Run("Deploy --continue").ShouldBe(1);
        _build.Fails = false;
        Run("Deploy --continue").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Resolve", "Bake", "Deploy"]);
    }

    [Fact]
    public void Runs_everything_without_the_option()
    {
        _build.Fails = true;
        Run("Deploy").ShouldBe(1);
        _build.Fails = false;
        Run("Deploy").ShouldBe(0);
        _build.Ran.ShouldBe(["Resolve", "Resolve", "Bake", "Deploy"]);
    }

    [Theory]
    [InlineData("Deploy --model a", "Deploy --model b --continue", "--model")]
    [InlineData("Deploy --model a", "Deploy --continue", "--model")]
    [InlineData("Deploy", "Deploy --sizes 1 2 --model b --continue", "--model, --sizes")]
    [InlineData("Deploy --sizes 1 2", "Deploy --sizes 2 1 --continue", "--sizes")]
    public void Runs_everything_and_names_the_parameters_that_have_another_value(string first, string second, string named)
    {
        _build.Fails = true;
        Run(first).ShouldBe(1);
        _build.Fails = false;
        Run(second).ShouldBe(0, _run.Output);
        _run.Out.ShouldContain($"Everything runs, since other values are given than in the failed call: {named}.\n");
        _build.Ran.ShouldBe(["Resolve", "Resolve", "Bake", "Deploy"]);
    }

    [Fact]
    public void Runs_everything_when_other_targets_are_named()
    {
        _build.Fails = true;
        Run("Deploy").ShouldBe(1);
        _build.Fails = false;
        Run("Bake --continue").ShouldBe(0);
        _run.Out.ShouldContain("The failed call was for Deploy, this one is for Bake. Everything runs.");
        _build.Ran.ShouldBe(["Resolve", "Resolve", "Bake"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not JSON\nResolve\n")]
    [InlineData("null\n")]
    public void Runs_everything_when_nothing_readable_is_left_of_a_failed_call(string? file)
    {
        if (file is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Log)!);
            File.WriteAllText(Log, file);
        }

        Run("Deploy --continue").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("There is no failed call to continue. Everything runs.");
        _build.Ran.ShouldBe(["Resolve", "Bake", "Deploy"]);
    }

    [Fact]
    public void Leaves_nothing_to_continue_after_a_success()
    {
        Run("Deploy").ShouldBe(0);
        File.Exists(Log).ShouldBeFalse();
    }

    [Fact]
    public void Writes_no_value_down_and_nothing_at_all_of_a_secret()
    {
        _build.Fails = true;
        Run("Deploy --model my-model --token abc").ShouldBe(1);
        var text = File.ReadAllText(Log);
        text.ShouldNotContain("my-model");
        text.ShouldContain("\"model\"");
        text.ShouldNotContain("token");
    }

    [Fact]
    public void Resumes_with_another_secret_which_is_a_way_in_and_not_a_value()
    {
        _build.Fails = true;
        Run("Deploy --token abc").ShouldBe(1);
        _build.Fails = false;
        Run("Deploy --token def --continue").ShouldBe(0);
        _build.Ran.ShouldBe(["Resolve", "Bake", "Deploy"]);
    }

    private string Log => Path.Combine(_run.Root, ".nuke", "temp", "build-attempt.log");

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' '), x => x.Deploy);

    private sealed class Sample : RecordingBuild
    {
        [Parameter] public readonly string? Model;
        [Parameter] public readonly string[]? Sizes;
        [Parameter, Secret] public readonly string? Token;

        public bool Fails { get; set; }

        private Target Resolve => _ => _.Executes(() => Ran.Add("Resolve"));

        private Target Bake => _ => _.DependsOn(Resolve).Executes(() =>
        {
            if (Fails)
            {
                throw new InvalidOperationException("oven is cold");
            }

            Ran.Add("Bake");
        });

        public Target Deploy => _ => _.DependsOn(Bake).Executes(() => Ran.Add("Deploy"));
    }
}
