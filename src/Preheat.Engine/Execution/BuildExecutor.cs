using Nuke.Common.Output;
using Nuke.Common.Sessions;
using Serilog;

namespace Nuke.Common.Execution;

/// <summary>Runs a plan: every target after its predecessors, one at a time.</summary>
/// <remarks>
/// The plan is a graph and the running target is ambient (<see cref="BuildSession.CurrentTarget"/>), so that nothing but the loop in
/// <see cref="RunAsync"/> knows that targets run one after the other.
/// </remarks>
internal sealed class BuildExecutor(NukeBuild build, TargetPlan plan, BuildSession session)
{
    private readonly List<Exception> _failures = [];
    private bool _isStopping;

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
        foreach (var target in plan.Order)
        {
            await TakeTurnAsync(target);
        }
    }

    private async Task TakeTurnAsync(ExecutableTarget target)
    {
        if (_isStopping && !target.AssuredAfterFailure && target.Status == ExecutionStatus.Scheduled)
        {
            target.Status = ExecutionStatus.NotRun;
        }

        if (target.Status == ExecutionStatus.Scheduled && !TryCheck(target, target.Definition.DynamicConditions) && target.Status == ExecutionStatus.Scheduled)
        {
            return;
        }

        if (target.Status == ExecutionStatus.Skipped)
        {
            Notify(target, build.OnTargetSkipped);
        }
        else if (target.Status == ExecutionStatus.Scheduled && target.Definition.Actions.Count == 0)
        {
            target.Status = ExecutionStatus.Collective;
        }
        else if (target.Status == ExecutionStatus.Scheduled)
        {
            await RunOneAsync(target);
        }
    }

    private async Task RunOneAsync(ExecutableTarget target)
    {
        using var block = TargetBlock.Open(session.Console, target.Name, session.Verbosity);
        var time = session.Context.Time;
        var started = time.GetTimestamp();
        BuildSession.CurrentTarget = target;
        try
        {
            target.Status = ExecutionStatus.Running;
            build.OnTargetRunning(target.Name);
            foreach (var action in target.Definition.Actions)
            {
                await action();
            }

            target.Duration = time.GetElapsedTime(started);
            target.Status = ExecutionStatus.Succeeded;
            build.OnTargetSucceeded(target.Name);
        }
        catch (Exception thrown)
        {
            target.Duration = time.GetElapsedTime(started);
            Fail(target, thrown);
        }
        finally
        {
            BuildSession.CurrentTarget = null;
        }
    }

    private bool TryCheck(ExecutableTarget target, IReadOnlyList<Condition> conditions)
    {
        try
        {
            return SkipRules.Check(plan, target, conditions);
        }
        catch (Exception thrown)
        {
            Fail(target, thrown);
            return false;
        }
    }

    private void Fail(ExecutableTarget target, Exception thrown)
    {
        var exception = ExitCodes.Unwrap(thrown);
        _failures.Add(exception);
        target.Status = ExitCodes.Declared(exception) == ExitCodes.Interrupted ? ExecutionStatus.Aborted : ExecutionStatus.Failed;
        if (target.SummaryInformation.Count == 0)
        {
            target.SummaryInformation[exception.GetType().Name] = exception.Message.Split('\n')[0].TrimEnd();
        }

        Log.Error(exception, target.Status == ExecutionStatus.Aborted ? "Target {Target:l} was interrupted" : "Target {Target:l} failed", target.Name);
        _isStopping |= !target.ProceedAfterFailure || target.Status == ExecutionStatus.Aborted;
        Notify(target, build.OnTargetFailed);
    }

    /// <summary>A hook that throws is the build's own mistake: it fails the build, but does not keep others from running.</summary>
    private void Notify(ExecutableTarget target, Action<string> hook)
    {
        try
        {
            hook(target.Name);
        }
        catch (Exception thrown)
        {
            var exception = ExitCodes.Unwrap(thrown);
            _failures.Add(exception);
            Log.Error(exception, "{Hook:l} of target {Target:l} failed", hook.Method.Name, target.Name);
        }
    }
}
