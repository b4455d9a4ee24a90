using Preheat;
using Preheat.LocalCloud;
using Preheat.Runs;
using Preheat.Serving;

/// <summary>What the targets of one process share: the signal, the deployment's folder, the embedded cloud. Never what a target makes: that is in the receipts.</summary>
sealed class Session(Build build) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Deployment? _deployment;
    private StepContext? _steps;
    private CloudEndpoints? _endpoints;

    public static Session Current { get; private set; } = null!;

    public static TimeProvider Time => TimeProvider.System;

    public Interrupt Interrupt { get; } = new(line => Log.Warning("{Line:l}", line));

    public IEventSink Events { get; } = new LogEvents(Time);

    public DateTimeOffset StartedAt { get; } = Time.GetUtcNow();

    /// <summary>The validated request. Wrong values are listed all together.</summary>
    public Deployment Deployment => _deployment ??= ((IHazDeployment)build).Request.Validate(Reader());

    public static void Begin(Build build) => Current = new Session(build);

    /// <summary>A reader of parameters whose warnings go to the log.</summary>
    public static ParameterReader Reader() => new(Environment.GetEnvironmentVariable, text => Log.Warning("{Text:l}", text));

    public static ReceiptStore Receipts(Deployment deployment, AbsolutePath artifacts) => new(artifacts, deployment.Name);

    /// <summary>The steps' context; takes the deployment's folder at the first call.</summary>
    public StepContext Steps
    {
        get
        {
            if (_steps is not null)
                return _steps;
            var deployment = Deployment;
            var receipts = Receipts(deployment, ((IHazDeployment)build).Artifacts);
            receipts.Open(new { deployment.Cloud, deployment.Platform, deployment.ProjectId, deployment.Region, deployment.Namespace }, Time);
            return _steps = new StepContext(receipts, Events, Time);
        }
    }

    /// <summary>Where the services are; starts the embedded cloud when it is needed and does not run.</summary>
    public async Task<CloudEndpoints> EndpointsAsync()
    {
        await _gate.WaitAsync(Interrupt.Token);
        try
        {
            return _endpoints ??= await ConnectAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Runs a target's body: one way for errors and interruption to become exit codes, on both engines.</summary>
    public async Task RunAsync(string target, Func<CancellationToken, Task> body)
    {
        try
        {
            await body(Interrupt.Token);
        }
        catch (OperationCanceledException) when (Interrupt.Requested)
        {
            build.ExitCode = 130;
            throw new InterruptedException(target);
        }
        catch (Exception exception) when (exception.Data["exit"] is int code)
        {
            if (Rank(code) > Rank(build.ExitCode ?? 0))
                build.ExitCode = code;
            throw;
        }
    }

    /// <summary>Writes <c>run.json</c> for a run that opened a deployment's folder.</summary>
    public void Finish(IReadOnlyList<TargetResult> targets)
    {
        if (_steps is not null && _deployment is not null)
        {
            try
            {
                RunRecord.Write(_steps, StartedAt, targets, build.ExitCode ?? (build.IsFailing ? 1 : 0));
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
        _steps?.Receipts.Dispose();
        Interrupt.Dispose();
        _gate.Dispose();
    }

    // 130 before 2 before 1 before 3.
    private static int Rank(int code) => code switch { 130 => 4, 2 => 3, 1 => 2, 3 => 1, _ => 0 };

    private async Task<CloudEndpoints> ConnectAsync()
    {
        var options = ((IHazCloud)build).CloudOptions;
        var cloud = await LocalCloud.EnsureRunningAsync(options, line => Log.Information("{Line:l}", line), Interrupt.Token);
        return new CloudEndpoints
        {
            Hub = ((IHazCloud)build).HubAddress,
            EmbeddedHub = new Uri(cloud.Gateway, "hub/"),
            Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase)
            {
                [Deployment.RegistryHost] = cloud.Registry,
                ["docker.io"] = cloud.Registry,
            },
            Kubeconfig = cloud.Kubeconfig,
            KubeContext = "preheat-local",
            TimeScale = cloud.TimeScale,
        };
    }
}
