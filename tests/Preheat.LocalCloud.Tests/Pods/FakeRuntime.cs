using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Tests.Pods;

/// <summary>
/// Runs <c>serve</c> as a small web server per container, <c>idle</c> as a program that listens on nothing, <c>exit N</c> as a program that ends at once, <c>fail</c> as one that cannot start.
/// </summary>
internal sealed class FakeRuntime : IPodRuntime
{
    private readonly ConcurrentDictionary<string, bool> _serving = new();

    public ConcurrentQueue<ContainerStart> Starts { get; } = new();

    /// <summary>Pods whose <c>/health</c> answers 503, by name prefix.</summary>
    public ConcurrentDictionary<string, bool> Unhealthy { get; } = new();

    /// <summary>Load of all pods of a name prefix together: each says its share at <c>/metrics</c>.</summary>
    public ConcurrentDictionary<string, double> Load { get; } = new();

    /// <summary>Processors that all pods of a name prefix use together: each takes its share.</summary>
    public ConcurrentDictionary<string, double> Cpu { get; } = new();

    /// <summary>Opens the way for the second event of <c>/events</c>.</summary>
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<string> Stopped { get; } = new();

    public bool Accepts(IReadOnlyList<string> argv) => argv[0] is "serve" or "idle" or "exit" or "fail";

    public async Task<IRunningContainer> StartAsync(ContainerStart start, CancellationToken cancellation)
    {
        Starts.Enqueue(start);
        start.Log($"argv: {string.Join(' ', start.Argv)}");
        return start.Argv[0] switch
        {
            "idle" => new Idle(),
            "exit" => new Ended(int.Parse(start.Argv[1])),
            "fail" => throw new IOException("the program cannot start"),
            _ => await Server.StartAsync(this, start),
        };
    }

    private sealed class Ended(int code) : IRunningContainer
    {
        public Task<int> Exited => Task.FromResult(code);

        public Uri? Address(int containerPort) => null;

        public Task StopAsync(TimeSpan grace) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Idle : IRunningContainer
    {
        private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<int> Exited => _exited.Task;

        public Uri? Address(int containerPort) => null;

        public Task StopAsync(TimeSpan grace)
        {
            _exited.TrySetResult(143);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Server(FakeRuntime runtime, ContainerStart start, WebApplication app) : IRunningContainer
    {
        private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TimeSpan _cpu;
        private long _read = TimeProvider.System.GetTimestamp();

        public Task<int> Exited => _exited.Task;

        public ContainerUsage? Usage
        {
            get
            {
                if (runtime.Cpu.FirstOrDefault(cpu => start.Pod.StartsWith(cpu.Key)) is not { Key: { } prefix } cpu)
                {
                    return null;
                }

                var now = TimeProvider.System.GetTimestamp();
                _cpu += TimeProvider.System.GetElapsedTime(_read, now) * cpu.Value / Math.Max(1, runtime._serving.Keys.Count(name => name.StartsWith(prefix)));
                _read = now;
                return new ContainerUsage(_cpu, 256 << 20);
            }
        }

        public static async Task<Server> StartAsync(FakeRuntime runtime, ContainerStart start)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
            builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
            var app = builder.Build();
            var server = new Server(runtime, start, app);
            app.Run(server.AnswerAsync);
            await app.StartAsync();
            runtime._serving[start.Pod] = true;
            return server;
        }

        public Uri? Address(int containerPort) => containerPort == 8000 ? new Uri(app.Urls.First()) : null;

        public async Task StopAsync(TimeSpan grace)
        {
            runtime.Stopped.Enqueue(start.Pod);
            runtime._serving.TryRemove(start.Pod, out _);
            await app.StopAsync();
            _exited.TrySetResult(143);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private async Task AnswerAsync(HttpContext context)
        {
            var path = context.Request.Path.Value!;
            if (path == "/health")
            {
                context.Response.StatusCode = runtime.Unhealthy.Keys.Any(name => start.Pod.StartsWith(name)) ? 503 : 200;
            }
            else if (path == "/metrics" && runtime.Load.FirstOrDefault(load => start.Pod.StartsWith(load.Key)) is { Key: { } prefix } load)
            {
                var share = load.Value / Math.Max(1, runtime._serving.Keys.Count(name => name.StartsWith(prefix)));
                await context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"# HELP vllm:num_requests_running Number.\n# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{{engine=\"0\",model_name=\"a\"}} {share}\n"));
            }
            else if (path == "/quit")
            {
                start.Log("quit");
                _exited.TrySetResult(3);
            }
            else if (path == "/echo")
            {
                context.Response.ContentType = "application/x-echo";
                context.Response.Headers["X-Seen"] = context.Request.Headers["X-Sent"];
                await context.Request.Body.CopyToAsync(context.Response.Body);
            }
            else if (path == "/events")
            {
                // The second event leaves only after the client has seen the first.
                await context.Response.WriteAsync("data: one\n\n");
                await context.Response.Body.FlushAsync();
                await runtime.Gate.Task;
                await context.Response.WriteAsync("data: two\n\n");
            }
            else if (path == "/broken")
            {
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("half");
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
            else
            {
                start.Touch();
                await context.Response.WriteAsync($"{start.Pod} {context.Request.Method} {path}{context.Request.QueryString}");
            }
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
