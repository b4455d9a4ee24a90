using Microsoft.AspNetCore.Builder;
using Preheat.LocalCloud.Serving.Api;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>A TGI server whose start has succeeded: its router's limits.</summary>
internal sealed record TgiServer(TgiLog Log, TgiArguments Arguments, ServerVersion Version, ModelFolder Folder, Engine Engine) : IStartedServer
{
    /// <summary>The release assumed where nothing tells it.</summary>
    public static ServerVersion DefaultVersion { get; } = new("3.3.6", 3, 3, 6);

    public int Port => Arguments.Port;

    public int MaxTotalTokens => Engine.Batch.MaxModelLen;

    public int MaxInputTokens => (int)(Arguments.Number("max-input-tokens") ?? Arguments.Number("max-input-length") ?? MaxTotalTokens - 1);

    public int MaxConcurrentRequests => Limit("max-concurrent-requests");

    public int MaxBestOf => Limit("max-best-of");

    public int MaxStopSequences => Limit("max-stop-sequences");

    public void Map(WebApplication app, BatchPump pump, TimeProvider time, Action touch)
    {
        var metrics = new TgiMetrics(MaxInputTokens, MaxTotalTokens);
        var validation = new TgiValidation(this);
        var generator = new Generator(pump, Engine.Batch, [Arguments.Model], 0, metrics, time, (_, prompt, sampling) => validation.Limit(prompt, sampling.MaxTokens));
        new TgiApi(this, validation, generator, pump, metrics, time, touch).Map(app);
    }

    public void OnListening()
    {
        if (!System.Net.IPAddress.TryParse(Arguments.Text("hostname"), out _))
        {
            // HOSTNAME is in every container's environment, and is its name.
            Log.Warning("text_generation_router::server: router/src/server.rs:1906", "Invalid hostname, defaulting to 0.0.0.0");
        }

        Log.Router("text_generation_router::server: router/src/server.rs:2298", "Connected");
    }

    public void OnStopping() => Log.Launcher("Terminating webserver");

    public int Limit(string name) => (int)Math.Min(Arguments.Number(name)!.Value, int.MaxValue);
}
