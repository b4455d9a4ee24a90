using Nuke.Common;
using Nuke.Common.Execution;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class SkipTests : BuildRunTests
{
    private readonly Sample _build = new();

    [Fact]
    public void Skips_what_only_the_skipped_target_needs_and_triggers()
    {
        _build.IsWanted = false;
        Run("All").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Shared", "Other"]);
        Target("Optional").OnlyWhen.ShouldBe("IsWanted");
        Target("OnlyForOptional").Skipped.ShouldBe("because of Optional");
        Target("AfterOptional").Skipped.ShouldBe("because of Optional");
    }

    [Fact]
    public void Runs_all_when_the_condition_holds()
    {
        Run("All").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Shared", "OnlyForOptional", "Optional", "Other", "AfterOptional"], ignoreOrder: true);
    }

    [Fact]
    public void Runs_dependencies_of_a_skipped_target_that_says_so()
    {
        Run("Stubborn").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Shared"]);
        Target("Stubborn2").Status.ShouldBe(ExecutionStatus.Skipped);
    }

    [Fact]
    public void Asks_a_dynamic_condition_only_when_the_turn_of_its_target_comes()
    {
        Run("Checked").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Shared", "Found"]);
        Target("Missing").OnlyWhen.ShouldBe("Ran.Contains(\"Nothing\")");
        _build.Hooks.ShouldContain("skipped Missing");
    }

    [Fact]
    public void Skips_named_targets_and_what_only_they_need()
    {
        Run("All --skip optional").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Shared", "Other"]);
        Target("Optional").Skipped.ShouldBe("via parameter");
    }

    [Theory]
    [InlineData("Other --skip", "Other")]
    [InlineData("Other --skip Other", "Shared Other")]
    [InlineData("--skip", "Other")]
    public void Never_skips_what_is_asked_for(string arguments, string expected)
    {
        Run(arguments).ShouldBe(0, _run.Output);
        string.Join(' ', _build.Ran).ShouldBe(expected);
    }

    [Fact]
    public void Fails_before_anything_runs_when_a_static_condition_throws()
    {
        Run("Broken").ShouldBe(1);
        _build.Ran.ShouldBeEmpty();
        Target("Shared").Status.ShouldBe(ExecutionStatus.NotRun);
        _run.Out.ShouldContain("Target Broken failed: InvalidOperationException: no answer");
    }

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' '), x => x.Other);

    private ExecutableTarget Target(string name) => _build.ExecutionPlan.Single(target => target.Name == name);

    private sealed class Sample : RecordingBuild
    {
        public bool IsWanted = true;

        private Target All => _ => _.DependsOn(Optional, Other);
        private Target Optional => _ => _.DependsOn(Shared, OnlyForOptional).Triggers(AfterOptional).OnlyWhenStatic(() => IsWanted).Executes(() => Ran.Add("Optional"));
        private Target OnlyForOptional => _ => _.Executes(() => Ran.Add("OnlyForOptional"));
        private Target AfterOptional => _ => _.Executes(() => Ran.Add("AfterOptional"));
        public Target Other => _ => _.DependsOn(Shared).Executes(() => Ran.Add("Other"));
        private Target Shared => _ => _.Executes(() => Ran.Add("Shared"));
        private Target Stubborn => _ => _.DependsOn(Stubborn2);
        private Target Stubborn2 => _ => _.DependsOn(Shared).WhenSkipped(DependencyBehavior.Execute).OnlyWhenStatic(() => false).Executes(() => Ran.Add("Stubborn2"));
        private Target Checked => _ => _.DependsOn(Found, Missing);
        private Target Found => _ => _.DependsOn(Shared).OnlyWhenDynamic(() => Ran.Contains("Shared")).Executes(() => Ran.Add("Found"));
        private Target Missing => _ => _.OnlyWhenDynamic(() => Ran.Contains("Nothing")).Executes(() => Ran.Add("Missing"));
        private Target Broken => _ => _.DependsOn(Shared).OnlyWhenStatic(() => Throw()).Executes(() => Ran.Add("Broken"));

        private static bool Throw() => throw new InvalidOperationException("no answer");
    }
}
