using System.Threading.Channels;
using Nuke.Common.Output;
using Nuke.Common.Sessions;
using Serilog;

namespace Nuke.Common.Execution;

/// <summary>How a plan is run.</summary>
/// <param name="Degree">How many targets run at the same time; 1 runs them one by one in the order of the plan, on the caller's thread.</param>
/// <param name="IsFailFast">Whether a failure cancels what runs, instead of letting it finish.</param>
internal sealed record ExecutionOptions(int Degree = 1, bool IsFailFast = false);

/// <summary>Runs a plan: every target after its predecessors, independent ones at the same time.</summary>
/// <remarks>
/// Turns are taken in one place, one after the other: whether a target runs, is skipped or left out is never decided by two at once. Only
/// the actions themselves overlap. Hooks of the build are never called at the same time, so that they need no locks.
/// </remarks>
internal sealed class BuildExecutor(NukeBuild build, TargetPlan plan, BuildSession session, ExecutionOptions options)
{
    private readonly List<Exception> _failures = [];
    private readonly Lock _hooks = new();
    private readonly Lock _ends = new();
    private volatile bool _isStopping;
    private ExecutableTarget? _cancelledBy;

    /// <summary>What went wrong, in the order in which it did.</summary>
    public IReadOnlyList<Exception> Failures => _failures;

    /// <summary>Checks the conditions that are known before anything runs.</summary>
    public void RuleOut()
    {
        foreach (var target in plan.Order.Where(target => target.Status == ExecutionStatus.Scheduled).ToList())
        {
            TryCheck(target, target.Definition.StaticConditions);
        }
    }

    public async Task RunAsync()
    {
        // A synchronous action holds its thread; the pool adds threads beyond its minimum too slowly for the degree that was asked for.
        ThreadPool.GetMinThreads(out var workers, out var completions);
        if (options.Degree > 1 && workers < options.Degree + 2)
        {
            ThreadPool.SetMinThreads(options.Degree + 2, completions);
        }

        var queue = new TargetQueue(plan);
        var ended = Channel.CreateUnbounded<ExecutableTarget>();
        var running = 0;
        while (true)
        {
            while (running < options.Degree && queue.TryTake(out var target))
            {
                if (!IsToRun(target))
                {
                    queue.End(target);
                    continue;
                }

                // Here, so that it depends on the plan alone which of two is in the foreground.
                target.Status = ExecutionStatus.Running;
                session.Streams.Open(target);
                if (options.Degree == 1)
                {
                    await RunOneAsync(target);
                    queue.End(target);
                }
                else
                {
                    running++;
                    _ = Task.Run(() => RunAndTellAsync(target, ended.Writer));
                }
            }

            if (running == 0)
            {
                return;
            }

            queue.End(await ended.Reader.ReadAsync());
            running--;
        }
    }

    private async Task RunAndTellAsync(ExecutableTarget target, ChannelWriter<ExecutableTarget> ended)
    {
        try
        {
            await RunOneAsync(target);
        }
        finally
        {
            ended.TryWrite(target);
        }
    }

    /// <summary>The target's turn has come.</summary>
    /// <returns>Whether it has actions to run.</returns>
    private bool IsToRun(ExecutableTarget target)
    {
        if (_isStopping && !target.AssuredAfterFailure && target.Status == ExecutionStatus.Scheduled)
        {
            target.Status = ExecutionStatus.NotRun;
        }

        if (target.Status == ExecutionStatus.Scheduled)
        {
            TryCheck(target, target.Definition.DynamicConditions);
        }

        if (target.Status == ExecutionStatus.Skipped)
        {
            Notify(target, build.OnTargetSkipped);
        }
        else if (target.Status == ExecutionStatus.Scheduled && target.Definition.Actions.Count == 0)
        {
            target.Status = ExecutionStatus.Collective;
        }

        return target.Status == ExecutionStatus.Scheduled;
    }

    private async Task RunOneAsync(ExecutableTarget target)
    {
        var time = session.Context.Time;
        var started = time.GetTimestamp();
        BuildSession.CurrentTarget = target;
        try
        {
            Call(build.OnTargetRunning, target);
            foreach (var action in target.Definition.Actions)
            {
                await action();
            }

            target.Duration = time.GetElapsedTime(started);
            target.Status = ExecutionStatus.Succeeded;
            Call(build.OnTargetSucceeded, target);
        }
        catch (Exception thrown)
        {
            target.Duration = time.GetElapsedTime(started);
            Fail(target, thrown);
        }
        finally
        {
            session.Streams.Close(target);
            BuildSession.CurrentTarget = null;
        }
    }

    private void TryCheck(ExecutableTarget target, IReadOnlyList<Condition> conditions)
    {
        try
        {
            SkipRules.Check(plan, target, conditions);
        }
        catch (Exception thrown)
        {
            Fail(target, thrown);
        }
    }

    private void Fail(ExecutableTarget target, Exception thrown)
    {
        var exception = ExitCodes.Unwrap(thrown);
        if (exception is OperationCanceledException && _cancelledBy is { } cause && cause != target)
        {
            target.Status = ExecutionStatus.Aborted;
            target.SummaryInformation["Cancelled"] = $"because of {cause.Name}";
            Log.Warning("Target {Target:l} was cancelled, since {Cause:l} failed", target.Name, cause.Name);
        }
        else
        {
            target.Status = ExitCodes.Declared(exception) == ExitCodes.Interrupted ? ExecutionStatus.Aborted : ExecutionStatus.Failed;
            if (target.SummaryInformation.Count == 0)
            {
                target.SummaryInformation[exception.GetType().Name] = exception.Message.Split('\n')[0].TrimEnd();
            }

            Log.Error(exception, target.Status == ExecutionStatus.Aborted ? "Target {Target:l} was interrupted" : "Target {Target:l} failed", target.Name);
            Keep(exception, stop: !target.ProceedAfterFailure || target.Status == ExecutionStatus.Aborted ? target : null);
        }

        Notify(target, build.OnTargetFailed);
    }

    /// <param name="stop">The target whose failure keeps those that wait from running; null when they go on.</param>
    private void Keep(Exception exception, ExecutableTarget? stop = null)
    {
        Action? cancel = null;
        lock (_ends)
        {
            _failures.Add(exception);
            _isStopping |= stop is not null;
            if (stop is not null && options.IsFailFast && _cancelledBy is null)
            {
                _cancelledBy = stop;
                cancel = session.Context.Slots.Cancel;
            }
        }

        try
        {
            cancel?.Invoke();
        }
        catch (Exception thrown)
        {
            Log.Error(ExitCodes.Unwrap(thrown), "What runs could not be cancelled");
        }
    }

    private void Call(Action<string> hook, ExecutableTarget target)
    {
        lock (_hooks)
        {
            hook(target.Name);
        }
    }

    /// <summary>A hook that throws is the build's own mistake: it fails the build, but does not keep others from running.</summary>
    private void Notify(ExecutableTarget target, Action<string> hook)
    {
        try
        {
            Call(hook, target);
        }
        catch (Exception thrown)
        {
            var exception = ExitCodes.Unwrap(thrown);
            Keep(exception);
            Log.Error(exception, "{Hook:l} of target {Target:l} failed", hook.Method.Name, target.Name);
        }
    }
}
