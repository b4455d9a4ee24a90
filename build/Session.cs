using Preheat;
using Preheat.Runs;
using Preheat.Serving;

/// <summary>
/// What the targets of one process share: the signal, the deployment's folder, the embedded cloud. Never what a target makes: that is in the receipts.
/// Safe for targets that run at the same time.
/// </summary>
sealed partial class Session : IDisposable
{
    private readonly Build _build;
    private readonly Lock _lock = new();
    private readonly ByteCounter _bytes = new();
    private readonly LiveView _live = new(Time);
    private readonly EventLog _log;
    private readonly Lazy<Deployment> _deployment;
    private readonly Lazy<StepContext> _steps;
    private readonly Lazy<DryRun?> _dryRun;
    private CancellationTokenSource? _running;
    private int _bodies;

    private Session(Build build)
    {
        _build = build;
        _log = new EventLog(Time, Mask);
        _dryRun = new(() => ((IHazDeployment)build).DryRun ? new DryRun(Events!) : null);
        Events = new EventFan(new LogEvents(Time), _live, _bytes, _log);
        // A failure is not kept: wrong values are asked for again, with the same message, by whoever needs them next.
        _deployment = new(() => ((IHazDeployment)build).Request.Validate(Reader()), LazyThreadSafetyMode.PublicationOnly);
        _steps = new(Open);
    }

    public static Session Current { get; private set; } = null!;

    public static TimeProvider Time => TimeProvider.System;

    public Interrupt Interrupt { get; } = new(line => Log.Warning("{Line:l}", line), Time);

    public IEventSink Events { get; }

    public DateTimeOffset StartedAt { get; } = Time.GetUtcNow();

    /// <summary>The validated request. Wrong values are listed all together.</summary>
    public Deployment Deployment => _deployment.Value;

    /// <summary>Takes what would be changed; null in a real run.</summary>
    public DryRun? DryRun => _dryRun.Value;

    /// <summary>The steps' context; takes the deployment's folder at the first call.</summary>
    public StepContext Steps => _steps.Value;

    public static void Begin(Build build)
    {
        Current = new Session(build);
        // The bundled engine calls this when a target has failed and --fail-fast is given.
        AppContext.SetData("preheat.cancel", (Action)Current.CancelRunning);
        // On an interactive terminal it asks this several times a second, for the target whose lines are being printed.
        AppContext.SetData("preheat.live", (Func<string, int, int, string[]>)Current._live.Rows);
        // Nuke has a handler of its own for Ctrl+C, after which the process would end before the step that runs has cleaned up.
        Console.CancelKeyPress += (_, pressed) => pressed.Cancel |= pressed.SpecialKey == ConsoleSpecialKey.ControlC;
    }

    /// <summary>A reader of parameters whose warnings go to the log.</summary>
    public static ParameterReader Reader() => new(Environment.GetEnvironmentVariable, text => Log.Warning("{Text:l}", text));

    public static ReceiptStore Receipts(Deployment deployment, AbsolutePath artifacts, DryRun? dryRun = null) => new(artifacts, deployment.Name, dryRun);

    /// <summary>Runs the body of a target that is no step; a dry run only says what it would do.</summary>
    public Task RunAsync(string target, string inDryRun, Func<CancellationToken, Task> body) => RunAsync(target, DryRun is null ? body : _ =>
    {
        Events.Emit(new Note(inDryRun));
        return Task.CompletedTask;
    });

    /// <summary>Runs a target's body: one way for errors and interruption to become exit codes, on both engines.</summary>
    public async Task RunAsync(string target, Func<CancellationToken, Task> body)
    {
        CurrentTarget.Name = target;
        var started = Time.GetTimestamp();
        Events.Emit(new TargetBegan());
        Interlocked.Increment(ref _bodies);
        try
        {
            if (_build.InputsOf(target) is { } inputs)
            {
                // A folder that is locked or cannot be written is told before an embedded cloud is started for nothing.
                _ = Steps;
                if (DryRun is { } dryRun && inputs.Needs.Any(dryRun.IsUndecided))
                    throw dryRun.Undecided();
            }
            await body(RunningToken());
            await ShareAsync(target);
            Events.Emit(Ended(0, null));
        }
        catch (UndecidedException undecided)
        {
            if (undecided.IsTold)
                TellSharing(target);
            else
                Events.Emit(new Note($"{target}: decided when it runs."));
            Events.Emit(Ended(0, null));
        }
        catch (OperationCanceledException) when (Interrupt.Requested)
        {
            Worsen(130);
            Events.Emit(Ended(130, "interrupted"));
            throw new InterruptedException(target);
        }
        catch (Exception exception)
        {
            var code = exception.Data["exit"] as int? ?? 1;
            // Nuke's own code for a failure is -1. A target that was only cancelled, since another failed, adds nothing.
            if (exception is not OperationCanceledException)
                Worsen(code);
            Events.Emit(Ended(code, exception.Message));
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _bodies);
        }

        TargetEnded Ended(int exitCode, string? error) => new(Math.Round(Time.GetElapsedTime(started).TotalSeconds, 3), exitCode, error);
    }

    /// <summary>Writes <c>run.json</c> for a run that opened a deployment's folder, and the summary of a GitHub step.</summary>
    public void Finish(IReadOnlyList<TargetResult> targets)
    {
        // Nuke says "finished" at Ctrl+C too, while the step that runs still cleans up, and once more when it has ended.
        if (Volatile.Read(ref _bodies) > 0)
            return;
        if (_steps.IsValueCreated && DryRun is { } dryRun)
        {
            foreach (var file in new[] { ".lock", RunRecord.FileName, EventLog.Name })
                dryRun.Write(Path.Combine(Steps.Receipts.Directory, file), "of every run");
        }
        else if (_steps.IsValueCreated)
        {
            try
            {
                var run = RunRecord.Write(Steps, StartedAt, Engine, targets, _build.ExitCode ?? (_build.IsFailing ? 1 : 0));
                if (Environment.GetEnvironmentVariable(StepSummary.Variable) is { Length: > 0 } path && StepSummary.Append(path, run) is { } problem)
                    Log.Warning("{Message:l}", problem);
            }
            catch (UserException exception)
            {
                Log.Warning("{Message:l}", exception.Message);
            }
        }
        Dispose();
    }

    public void Dispose()
    {
        _log.Dispose();
        if (_steps.IsValueCreated)
            Steps.Receipts.Dispose();
        Interrupt.Dispose();
        _gate.Dispose();
        _sharing.Dispose();
    }

    private static string Engine
    {
        get
        {
            var assembly = typeof(NukeBuild).Assembly.GetName();
            return $"{assembly.Name} {assembly.Version}";
        }
    }

    // 130 before 2 before 1 before 3.
    private static int Rank(int code) => code switch { 130 => 4, 2 => 3, 1 => 2, 3 => 1, _ => 0 };

    private void Worsen(int code)
    {
        lock (_lock)
        {
            if (Rank(code) > Rank(_build.ExitCode ?? 0))
                _build.ExitCode = code;
        }
    }

    /// <summary>Cancels the targets that run now; those that start later are not touched.</summary>
    private void CancelRunning()
    {
        CancellationTokenSource? running;
        lock (_lock)
            (running, _running) = (_running, null);
        running?.Cancel();
    }

    private CancellationToken RunningToken()
    {
        lock (_lock)
            return (_running ??= CancellationTokenSource.CreateLinkedTokenSource(Interrupt.Token)).Token;
    }

    private string Mask(string text) =>
        ((IHazDeployment)_build).HubToken is { } token ? text.Replace(token.Reveal(), token.ToString(), StringComparison.Ordinal) : text;

    private StepContext Open()
    {
        var deployment = Deployment;
        var receipts = Receipts(deployment, ((IHazDeployment)_build).Artifacts, DryRun);
        receipts.Open(
            new { deployment.Cloud, deployment.Platform, deployment.ProjectId, deployment.Region, deployment.KubeContext, deployment.Namespace },
            Time,
            string.Join(' ', _build.InvokedTargets.Select(target => target.Name)));
        var steps = new StepContext(receipts, Events, Time, _bytes, Mask);
        if (DryRun is null)
        {
            _log.Open(receipts.Directory);
            RunRecord.Begin(steps, StartedAt, Engine);
        }
        return steps;
    }
}
