using Preheat.ClusterTests.Nodes;
using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;
using Preheat.Runs;
using Preheat.Tests.Manifests;

namespace Preheat.ClusterTests;

/// <summary>One deployment in a namespace of its own, and what our own code does with it.</summary>
internal sealed class TestedDeployment : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly ClusterFixture _cluster;

    private TestedDeployment(ClusterFixture cluster, string place)
    {
        _cluster = cluster;
        Rendering.Deployment = Rendering.Deployment with { Namespace = place, Platform = "kubernetes" };
        // The server inside the pods listens wherever it found a free port.
        foreach (var file in new[] { "deployment.yaml", "service.yaml" })
        {
            var path = Path.Combine(Rendering.ManifestsRoot, "base", "vllm", file);
            File.WriteAllText(path, File.ReadAllText(path).Replace("8000", $"{cluster.Nodes.ServingPort}", StringComparison.Ordinal));
        }
    }

    public RenderingFixture Rendering { get; } = new();

    public string Place => Rendering.Deployment.Namespace;

    /// <summary>Context of the kubeconfig that is used.</summary>
    public string Context { get; set; } = TestedServer.Admin;

    public static async Task<TestedDeployment> PlaceAsync(ClusterFixture cluster) => new(cluster, await cluster.PlaceAsync());

    public DeployRequest Request => new()
    {
        Manifests = Rendering.Render(),
        ManifestsDirectory = Rendering.Output,
        Deployment = Rendering.Deployment,
        Image = Rendering.Image,
    };

    public List<string> States => [.. Rendering.Events.OfType<StateChanged>().Select(change => $"{change.Subject}: {change.State}")];

    public List<string> Warnings => [.. Rendering.Events.OfType<Warning>().Select(warning => warning.Text)];

    public string PathOf(string plural) => $"{(plural is "deployments" or "replicasets" ? "apis/apps/v1" : "api/v1")}/namespaces/{Place}/{plural}";

    /// <summary>From now on another image is deployed.</summary>
    public void UseImage(char digit, PodPlay? play = null)
    {
        var digest = "sha256:" + new string(digit, 64);
        Rendering.Image = Rendering.Image with { Reference = Rendering.Image.Reference.Split('@')[0] + "@" + digest, Digest = digest };
        if (play is not null)
            _cluster.Nodes.Play(Place, image => image.EndsWith(digest, StringComparison.Ordinal) ? play : PodPlay.Serves);
    }

    public Task<Rollout> DeployAsync() => DeployAsync(request => request);

    public async Task<Rollout> DeployAsync(Func<DeployRequest, DeployRequest> change, CancellationToken cancellation = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        return await Rollouts.DeployAsync(change(Request), _cluster.Endpoints(Context), Rendering, TimeProvider.System, limit.Token);
    }

    public Task<string> DiffAsync() => Rollouts.DiffAsync(Request, _cluster.Endpoints(Context), Rendering, TimeProvider.System, default);

    public Task<(string Revision, KeptRevision From)> RollBackAsync(int? revision = null, bool force = false) =>
        Rollbacks.RunAsync(new() { Deployment = Rendering.Deployment, Revision = revision, ForceConflicts = force }, _cluster.Endpoints(Context), Rendering, TimeProvider.System, default);

    public Task<bool> ProbeAsync(Rollout rollout) => Rollouts.ProbeAsync(rollout, Request, _cluster.Endpoints(Context), Rendering, TimeProvider.System, default);

    public void Dispose() => Rendering.Dispose();
}
