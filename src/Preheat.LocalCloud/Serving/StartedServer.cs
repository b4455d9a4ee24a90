using Microsoft.AspNetCore.Builder;
using Preheat.LocalCloud.Pods;
using Preheat.LocalCloud.Serving.Api;
using Preheat.LocalCloud.Serving.Arguments;
using Preheat.LocalCloud.Serving.Metrics;
using Preheat.LocalCloud.Serving.ModelFiles;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving;

/// <summary>A server whose start has succeeded, before it listens.</summary>
internal interface IStartedServer
{
    Engine Engine { get; }

    /// <summary>The container port it listens on.</summary>
    int Port { get; }

    /// <summary>Maps its routes.</summary>
    /// <param name="touch">To be called for every request.</param>
    void Map(WebApplication app, BatchPump pump, TimeProvider time, Action touch);

    /// <summary>Says in the log that it listens.</summary>
    void OnListening();

    /// <summary>Says in the log that it has been told to stop.</summary>
    void OnStopping();
}

/// <summary>A vLLM server.</summary>
internal sealed record StartedServer(
    ContainerStart Start, ServerCommand Command, ServerLog Log, ServerVersion Version, ParsedArguments Arguments, string Model, IReadOnlyList<string> Names, ModelFolder Folder, Engine Engine) : IStartedServer
{
    public int Port => Arguments.Int("port") ?? 8000;

    public void Map(WebApplication app, BatchPump pump, TimeProvider time, Action touch)
    {
        var metrics = new ServerMetrics(Names[0], Version);
        var generator = new Generator(pump, Engine.Batch, Names, Arguments.Int("seed") ?? 0, metrics, time);
        new ServerApi(Identity(), generator, pump, Engine.Batch, metrics, time, touch).Map(app, Command.EntryPoint);
    }

    public void OnListening()
    {
        Log.Api("api_server.py:1912", $"Starting vLLM API server 0 on http://{Arguments.Text("host") ?? "0.0.0.0"}:{Port}");
        Log.Plain("(APIServer pid=1) INFO:     Application startup complete.");
    }

    public void OnStopping() => Log.Plain("(APIServer pid=1) INFO:     Shutting down");

    private ServerIdentity Identity()
    {
        var keys = Arguments.List("api-key");
        if (keys.Count == 0 && Command.EntryPoint != EntryPoint.Legacy && Start.Environment.GetValueOrDefault("VLLM_API_KEY") is { Length: > 0 } key)
        {
            keys = [key];
        }

        var template = Folder.HasChatTemplate || Arguments.Text("chat-template") is not null;
        return new ServerIdentity(Version, Names, Model, Folder.Config.VocabularySize, template, keys);
    }
}
