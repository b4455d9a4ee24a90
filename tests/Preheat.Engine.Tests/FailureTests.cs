using Nuke.Common;
using Nuke.Common.Execution;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class FailureTests : BuildRunTests
{
    private readonly Sample _build = new();

    [Fact]
    public void Does_not_run_what_comes_after_a_failed_target_except_what_is_assured()
    {
        Run("Deploy Cleanup").ShouldBe(1);
        _build.Ran.ShouldBe(["Cleanup"]);
        Status("Broken").ShouldBe(ExecutionStatus.Failed);
        Status("Deploy").ShouldBe(ExecutionStatus.NotRun);
        Status("Cleanup").ShouldBe(ExecutionStatus.Succeeded);
        _build.IsFailing.ShouldBeTrue();
        _build.Hooks.ShouldBe(["created", "initialized", "running Broken", "failed Broken", "running Cleanup", "succeeded Cleanup", "finished"]);
    }

    [Fact]
    public void Goes_on_after_a_failure_that_lets_the_others_proceed_and_fails_all_the_same()
    {
        Run("Lenient Last").ShouldBe(1);
        _build.Ran.ShouldBe(["Last"]);
        Status("Lenient").ShouldBe(ExecutionStatus.Failed);
    }

    [Theory]
    [InlineData("Good", 0)]
    [InlineData("Broken", 1)]
    [InlineData("Input", 2)]
    [InlineData("WrappedInput", 2)]
    [InlineData("Missed", 3)]
    [InlineData("Interrupted", 130)]
    [InlineData("Missed Lenient", 1)]
    [InlineData("Missed Input", 2)]
    [InlineData("Missed Interrupted", 130)]
    [InlineData("Seven", 7)]
    [InlineData("SevenAndThrows", 7)]
    [InlineData("ThreeAndThrows", 3)]
    public void Exits_with_the_code_that_weighs_most(string targets, int code) => Run(targets).ShouldBe(code, _run.Output);

    [Fact]
    public void Prints_the_message_of_a_user_error_and_no_stack_trace()
    {
        Run("Input");
        _run.Out.ShouldContain("[ERR] Target Input failed: No model named x. Pass --model.\n\n");
        _run.Out.ShouldNotContain("   at ");
    }

    [Fact]
    public void Repeats_of_a_long_message_only_the_beginning_in_the_summary()
    {
        Run("LongInput");
        _run.Out.ShouldContain($"[ERR] Target LongInput failed: {Sample.Long}\n");
        _run.Out.Split('\n').ShouldContain(line => line.StartsWith("LongInput ", StringComparison.Ordinal) && line.EndsWith("word word…", StringComparison.Ordinal));
    }

    [Fact]
    public void Prints_kind_message_cause_and_a_short_stack_trace_of_any_other_error()
    {
        Run("Broken");
        _run.Out.ShouldContain("[ERR] Target Broken failed: InvalidOperationException: it broke\n  caused by IOException: disk full\n   at ");
        _run.Out.ShouldNotContain("Nuke.Common.Execution.");
    }

    [Fact]
    public void Marks_an_interrupted_target_as_aborted_and_runs_nothing_more_but_what_is_assured()
    {
        Run("Interrupted Good Cleanup").ShouldBe(130);
        Status("Interrupted").ShouldBe(ExecutionStatus.Aborted);
        Status("Good").ShouldBe(ExecutionStatus.NotRun);
        _build.Ran.ShouldBe(["Cleanup"]);
    }

    [Theory]
    [InlineData("--throw-in created", "[]")]
    [InlineData("--throw-in initialized", "[]")]
    [InlineData("--throw-in finished", "[Good]")]
    [InlineData("--throw-in succeeded", "[Good]")]
    public void Fails_when_a_hook_throws(string option, string ran)
    {
        Run($"Good {option}").ShouldBe(1);
        $"[{string.Join(' ', _build.Ran)}]".ShouldBe(ran);
        _run.Output.ShouldContain("InvalidOperationException: hook");
    }

    [Fact]
    public void Does_not_run_at_all_when_something_required_is_missing_and_names_all_of_it()
    {
        Run("Publish").ShouldBe(2);
        _run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe([
            "Target 'Publish' requires member 'ApiKey' to be not null or empty. Pass --api-key VALUE, or set NUKE_API_KEY in the environment.",
            "Target 'Publish' requires member 'Count' to be not null or empty. Pass --count VALUE, or set NUKE_COUNT in the environment or the parameter in .nuke/parameters.json.",
            "Target 'Publish' requires (Ran.Count > 5).",
        ]);
        _build.Ran.ShouldBeEmpty();
    }

    [Fact]
    public void Runs_when_all_that_is_required_is_there()
    {
        _build.Ran.AddRange(["1", "2", "3", "4", "5", "6"]);
        Run("Publish --api-key k --count 1").ShouldBe(0, _run.Output);
        _build.Ran[^1].ShouldBe("Publish");
    }

    [Fact]
    public void Does_not_ask_a_skipped_target_for_what_it_requires()
    {
        Run("Good Publish --skip Publish").ShouldBe(2);
        Run("Wrapper --skip Publish").ShouldBe(0, _run.Output);
    }

    [Fact]
    public void Refuses_to_run_without_a_parameter_that_is_required_anywhere()
    {
        _run.Run<NeedsCloud>("Go").ShouldBe(2);
        _run.Error.ShouldBe("Parameter --cloud is required. Pass --cloud VALUE, or set NUKE_CLOUD in the environment or the parameter in .nuke/parameters.json.\n");
        _run.Run<NeedsCloud>("Go --cloud local").ShouldBe(0);
    }

    [Fact]
    public void Never_throws_even_when_the_build_cannot_be_made()
    {
        _run.Run<Sample>(() => throw new InvalidOperationException("no build"), ["Good"], x => x.Good).ShouldBe(1);
        _run.Error.ShouldStartWith("InvalidOperationException: no build");
    }

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' '), x => x.Good);

    private ExecutionStatus Status(string name) => _build.ExecutionPlan.Single(target => target.Name == name).Status;

    private sealed class NeedsCloud : NukeBuild
    {
        [Parameter, Required] public readonly string? Cloud;

        public Target Go => _ => _.Executes(() => { });
    }

    private sealed class Sample : RecordingBuild
    {
        public static readonly string Long = string.Join(' ', Enumerable.Repeat("word", 50));

        [Parameter, Secret] public readonly string? ApiKey;
        [Parameter] public readonly int? Count;
        [Parameter] public readonly string? ThrowIn;

        public Target Good => _ => _.Executes(() => Ran.Add("Good"));
        private Target Broken => _ => _.Executes(() => throw new InvalidOperationException("it broke", new IOException("disk full")));
        private Target Deploy => _ => _.DependsOn(Broken).Executes(() => Ran.Add("Deploy"));
        private Target Cleanup => _ => _.AssuredAfterFailure().After(Deploy).Executes(() => Ran.Add("Cleanup"));
        private Target Lenient => _ => _.ProceedAfterFailure().Executes(async () =>
        {
            await Task.Yield();
            throw new InvalidOperationException("never mind");
        });
        private Target Last => _ => _.After(Lenient).Executes(() => Ran.Add("Last"));
        private Target Input => _ => _.Executes(() => throw Declared(2, "No model named x. Pass --model."));
        private Target LongInput => _ => _.Executes(() => throw Declared(2, Long));
        private Target WrappedInput => _ => _.Executes(() => throw new AggregateException(Declared(2, "inner")));
        private Target Missed => _ => _.ProceedAfterFailure().Executes(() => throw Declared(3, "missed"));
        private Target Interrupted => _ => _.Executes(() => throw Declared(130, "stop"));
        private Target Seven => _ => _.Executes(() => ExitCode = 7);
        private Target SevenAndThrows => _ => _.Executes(() => SetAndThrow(7));
        private Target ThreeAndThrows => _ => _.Executes(() => SetAndThrow(3));
        private Target Publish => _ => _.Requires(() => ApiKey).Requires(() => Count).Requires(() => Ran.Count > 5).Executes(() => Ran.Add("Publish"));
        private Target Wrapper => _ => _.DependsOn(Publish);

        protected internal override void OnBuildCreated() => ThrowOr("created", base.OnBuildCreated);
        protected internal override void OnBuildInitialized() => ThrowOr("initialized", base.OnBuildInitialized);
        protected internal override void OnBuildFinished() => ThrowOr("finished", base.OnBuildFinished);
        protected internal override void OnTargetSucceeded(string target) => ThrowOr("succeeded", () => base.OnTargetSucceeded(target));

        private void ThrowOr(string hook, Action action)
        {
            if (ThrowIn == hook)
            {
                throw new InvalidOperationException("hook");
            }

            action();
        }

        private void SetAndThrow(int code)
        {
            ExitCode = code;
            throw new InvalidOperationException("after setting the code");
        }

        private static InvalidOperationException Declared(int code, string message) => new(message) { Data = { ["exit"] = code } };
    }
}
