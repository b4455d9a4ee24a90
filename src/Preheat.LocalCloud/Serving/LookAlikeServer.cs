using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Serving.Tgi;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving;

/// <summary>One inference server as a container: starts in the background, then listens on a loopback port of its own.</summary>
internal sealed class LookAlikeServer : IRunningContainer
{
    /// <summary>128 + SIGTERM: Python's end while it still starts.</summary>
    private const int Terminated = 143;

    /// <summary>128 + SIGKILL.</summary>
    private const int Killed = 137;

    /// <summary>What a server holds outside its accelerators: Python, CUDA's context and its libraries.</summary>
    private const long HostMemory = 4L << 30;

    private readonly ContainerStart start;
    private readonly ServerCommand command;
    private readonly ModelHub? hub;
    private readonly ServerLog log;
    private readonly CancellationTokenSource term = new();
    private readonly CancellationTokenSource kill = new();
    private readonly TaskCompletionSource<int> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long began;
    private volatile Listening? listening;

    private LookAlikeServer(ContainerStart start, ServerCommand command, ModelHub? hub)
    {
        this.start = start;
        this.hub = hub;
        this.command = command;
        log = new ServerLog(start.Log, start.Clock.Time);
        began = start.Clock.Time.GetTimestamp();
    }

    public Task<int> Exited => exited.Task;

    /// <summary>Begins the start of a server.</summary>
    public static LookAlikeServer Begin(ContainerStart start, ServerCommand command, ModelHub? hub)
    {
        var server = new LookAlikeServer(start, command, hub);
        _ = Task.Run(server.RunAsync);
        return server;
    }

    public TimeSpan? AcceleratorBusy => start.AcceleratorCount > 0 ? listening?.Pump.Busy : null;

    /// <summary>Modelled: one processor drives the accelerators while they work, and a fiftieth of one waits for requests; the weights are on the accelerators.</summary>
    public ContainerUsage? Usage => listening is { } at ? new ContainerUsage(at.Pump.Busy + (start.Clock.Time.GetElapsedTime(began) / 50), HostMemory) : null;

    public Uri? Address(int containerPort) => listening is { } at && at.Port == containerPort ? at.Address : null;

    public async Task StopAsync(TimeSpan grace)
    {
        if (!exited.Task.IsCompleted)
        {
            await term.CancelAsync();
            try
            {
                await exited.Task.WaitAsync(grace, start.Clock.Time);
            }
            catch (TimeoutException)
            {
                await kill.CancelAsync();
            }
        }

        await exited.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        term.Dispose();
        kill.Dispose();
    }

    private async Task RunAsync()
    {
        int code;
        try
        {
            code = await ServeAsync(command.EntryPoint == EntryPoint.Tgi
                ? await new TgiStart(start, command, hub).RunAsync(term.Token)
                : await new ServerStart(start, command, hub, log).RunAsync(term.Token));
        }
        catch (ServerExit exit)
        {
            foreach (var line in exit.Lines)
            {
                log.Plain(line);
            }

            code = exit.Code;
        }
        catch (OperationCanceledException)
        {
            code = Terminated;
        }
        catch (Exception unexpected)
        {
            // A container never takes the cloud down with it: what went wrong is in its log.
            log.Plain($"{unexpected.GetType().Name}: {unexpected.Message}");
            code = 1;
        }

        listening = null;
        exited.TrySetResult(code);
    }

    /// <summary>Serves until it is told to stop; 0 when all requests were answered, 137 when time ran out.</summary>
    private async Task<int> ServeAsync(IStartedServer started)
    {
        // Serving is real time: what a client measures is what the simulated hardware would take.
        var time = start.Clock.Time;
        await using var pump = new BatchPump(new BatchScheduler(started.Engine.Cost, started.Engine.Batch), time);
        await using var app = Build();
        started.Map(app, pump, time, start.Touch);
        await app.StartAsync(term.Token);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        started.OnListening();
        listening = new Listening(started.Port, new Uri(address), pump);

        await UntilAsync(term.Token);
        listening = null;
        started.OnStopping();
        await app.StopAsync(kill.Token);
        return kill.IsCancellationRequested ? Killed : 0;
    }

    private static async Task UntilAsync(CancellationToken token)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var _ = token.Register(() => asked.TrySetResult());
        await asked.Task;
    }

    private static WebApplication Build()
    {
        // Empty: no environment variables, files or loggers of the machine play a part in a container.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        // The grace is the caller's: StopAsync gets its token.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        return builder.Build();
    }

    private sealed record Listening(int Port, Uri Address, BatchPump Pump);

    /// <summary>Signals belong to the cloud's process; the host's usual lifetime would take them for itself.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
