using Nuke.Common;
using Nuke.Common.Execution;
using Nuke.Common.Utilities.Collections;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class ParallelTests : BuildRunTests
{
    private readonly Sample _build = new();

    public ParallelTests() => _run.DefaultDegree = 2;

    [Fact]
    public void Runs_independent_targets_at_the_same_time()
    {
        Run("Left Right").ShouldBe(0, _run.Output);
        _build.Most.ShouldBe(2);
    }

    [Theory]
    [InlineData("Free1 Free2 Free3 --degree-of-parallelism 1", "Free1 Free2 Free3")]
    [InlineData("Free3 Free1 Free2 --degree-of-parallelism 1", "Free3 Free1 Free2")]
    public void Runs_one_by_one_in_the_order_of_the_plan_and_on_one_thread_with_degree_1(string arguments, string expected)
    {
        Run(arguments).ShouldBe(0, _run.Output);
        string.Join(' ', _build.Ran).ShouldBe(expected);
        _build.Threads.Distinct().ShouldBe([Environment.CurrentManagedThreadId]);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    public void Refuses_a_degree_below_1(string degree)
    {
        Run($"Free1 --degree-of-parallelism {degree}").ShouldBe(2);
        _run.Error.ShouldBe($"Parameter --degree-of-parallelism: '{degree}' is less than 1.\n");
    }

    [Fact]
    public void Knows_the_target_on_whose_behalf_code_runs()
    {
        Run("Left Right").ShouldBe(0, _run.Output);
        Target("Left").SummaryInformation.ShouldBe(new Dictionary<string, string> { ["Side"] = "Left" });
        Target("Right").SummaryInformation.ShouldBe(new Dictionary<string, string> { ["Side"] = "Right" });
    }

    [Fact]
    public void Never_calls_two_hooks_at_the_same_time()
    {
        Run("Free1 Free2 Free3 --degree-of-parallelism 3").ShouldBe(0, _run.Output);
        _build.HooksOverlapped.ShouldBeFalse();
        _build.Hooks.Count(hook => hook.StartsWith("succeeded", StringComparison.Ordinal)).ShouldBe(3);
    }

    [Fact]
    public void Lets_finish_what_runs_beside_a_failure_and_starts_nothing_more_but_what_is_assured()
    {
        Run("Fails Slow Later Cleanup").ShouldBe(1);
        Status("Fails").ShouldBe(ExecutionStatus.Failed);
        Status("Slow").ShouldBe(ExecutionStatus.Succeeded);
        Status("Later").ShouldBe(ExecutionStatus.NotRun);
        Status("Cleanup").ShouldBe(ExecutionStatus.Succeeded);
    }

    [Fact]
    public void Cancels_what_runs_beside_a_failure_when_asked_to_fail_fast()
    {
        _run.Slots["preheat.cancel"] = (Action)_build.Cancel.Cancel;
        Run("Fails Cancellable Later --fail-fast").ShouldBe(1);
        Status("Fails").ShouldBe(ExecutionStatus.Failed);
        Status("Cancellable").ShouldBe(ExecutionStatus.Aborted);
        Status("Later").ShouldBe(ExecutionStatus.NotRun);
        _run.Out.ShouldContain("[WRN] Target Cancellable was cancelled, since Fails failed");
        _run.Out.ShouldContain("// Cancelled: because of Fails");
    }

    [Fact]
    public void Cancels_nothing_when_the_failure_lets_the_others_proceed()
    {
        _run.Slots["preheat.cancel"] = (Action)_build.Cancel.Cancel;
        Run("Lenient Slow Later --fail-fast").ShouldBe(1);
        _build.Cancel.IsCancellationRequested.ShouldBeFalse();
        Status("Later").ShouldBe(ExecutionStatus.Succeeded);
    }

    [Fact]
    public void Exits_with_the_code_of_the_failure_and_not_of_what_it_cancelled()
    {
        _run.Slots["preheat.cancel"] = (Action)_build.Cancel.Cancel;
        Run("Misses Cancellable --fail-fast").ShouldBe(3);
        Status("Cancellable").ShouldBe(ExecutionStatus.Aborted);
    }

    [Theory]
    [InlineData("Free1 Free2 Free3")]
    [InlineData("Free2 Free1 Free3")]
    [InlineData("Free1 Free3 Free2")]
    public void Runs_nothing_beside_an_exclusive_target_and_keeps_its_place_in_the_plan(string arguments)
    {
        _run.Slots["preheat.exclusive"] = new[] { "Free2" };
        Run(arguments).ShouldBe(0, _run.Output);
        var place = Array.IndexOf(arguments.Split(' '), "Free2");
        _build.Ran[place].ShouldBe("Free2");
        _build.BesideFree2.ShouldBe(0);
    }

    [Fact]
    public void Keeps_a_target_that_one_of_two_triggers_asked_for_whichever_had_its_turn_first()
    {
        Run("Wanted Unwanted").ShouldBe(0, _run.Output);
        _build.Ran.ShouldContain("Triggered");
        using var again = new BuildRun();
        var build = new Sample();
        again.Run(() => build, ["Unwanted", "Wanted", "--degree-of-parallelism", "1"], x => x.Free1).ShouldBe(0);
        build.Ran.ShouldContain("Triggered");
    }

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' '), x => x.Free1);

    private ExecutableTarget Target(string name) => _build.ExecutionPlan.Single(target => target.Name == name);

    private ExecutionStatus Status(string name) => Target(name).Status;

    private sealed class Sample : RecordingBuild
    {
        private readonly TaskCompletionSource _slowRuns = new();
        private readonly TaskCompletionSource _failed = new();
        private readonly Barrier _both = new(2);
        private int _running;
        private int _inHook;

        public CancellationTokenSource Cancel { get; } = new();
        public List<int> Threads { get; } = [];
        public int Most { get; private set; }
        public int BesideFree2 { get; private set; } = -1;
        public bool HooksOverlapped { get; private set; }

        public Target Free1 => _ => _.Executes(() => Note("Free1"));
        private Target Free2 => _ => _.Executes(() => Note("Free2"));
        private Target Free3 => _ => _.Executes(() => Note("Free3"));
        private Target Left => _ => _.Executes(() => Meet("Left"));
        private Target Right => _ => _.Executes(() => Meet("Right"));

        private Target Fails => _ => _.Executes(() => FailBesideAsync(new InvalidOperationException("no")));
        private Target Lenient => _ => _.ProceedAfterFailure().Executes(() => FailBesideAsync(new InvalidOperationException("no")));
        private Target Misses => _ => _.Executes(() => FailBesideAsync(new InvalidOperationException("missed") { Data = { ["exit"] = 3 } }));

        private Target Slow => _ => _.Executes(async () =>
        {
            _slowRuns.SetResult();
            await _failed.Task.WaitAsync(TimeSpan.FromSeconds(20));
        });

        private Target Cancellable => _ => _.Executes(() =>
        {
            _slowRuns.SetResult();
            return Task.Delay(TimeSpan.FromSeconds(20), Cancel.Token);
        });

        private Target Later => _ => _.After(Slow, Cancellable, Fails, Lenient).Executes(() => Note("Later"));
        private Target Cleanup => _ => _.AssuredAfterFailure().After(Later).Executes(() => Note("Cleanup"));

        private Target Wanted => _ => _.Triggers(Triggered).Executes(() => Note("Wanted"));
        private Target Unwanted => _ => _.DependsOn(Ruled);
        private Target Ruled => _ => _.OnlyWhenDynamic(() => false).Triggers(Triggered).Executes(() => { });
        private Target Triggered => _ => _.Executes(() => Note("Triggered"));

        protected internal override void OnTargetRunning(string target)
        {
            HooksOverlapped |= Interlocked.Increment(ref _inHook) > 1;
            base.OnTargetRunning(target);
            Thread.SpinWait(20_000);
            Interlocked.Decrement(ref _inHook);
        }

        protected internal override void OnTargetSucceeded(string target)
        {
            HooksOverlapped |= Interlocked.Increment(ref _inHook) > 1;
            base.OnTargetSucceeded(target);
            Thread.SpinWait(20_000);
            Interlocked.Decrement(ref _inHook);
        }

        protected internal override void OnTargetFailed(string target)
        {
            base.OnTargetFailed(target);
            _failed.TrySetResult();
        }

        private void Note(string name)
        {
            lock (Ran)
            {
                Ran.Add(name);
                Threads.Add(Environment.CurrentManagedThreadId);
                BesideFree2 = name == "Free2" ? RunningTargets.Count(target => target.Name != "Free2") : BesideFree2;
            }
        }

        /// <summary>Only two targets that run at the same time get past the barrier.</summary>
        private void Meet(string name)
        {
            Most = Math.Max(Most, Interlocked.Increment(ref _running));
            _both.SignalAndWait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
            ReportSummary(_ => _.AddPair("Side", name));
            _both.SignalAndWait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
            Interlocked.Decrement(ref _running);
        }

        private async Task FailBesideAsync(Exception exception)
        {
            await _slowRuns.Task.WaitAsync(TimeSpan.FromSeconds(20));
            throw exception;
        }
    }
}
