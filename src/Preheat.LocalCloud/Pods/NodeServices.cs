using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>What every pod of every node works with.</summary>
internal sealed record NodeServices(
    ObjectStore Store,
    InfrastructureClock Clock,
    EventRecorder Events,
    PodNetwork Network,
    ImagePuller Images,
    PodVolumes Volumes,
    IReadOnlyList<IPodRuntime> Runtimes,
    HttpClient Http,
    Action Touch);
