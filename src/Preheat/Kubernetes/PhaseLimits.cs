namespace Preheat.Kubernetes;

/// <summary>How long each phase of a pod's start may last, and how long nothing at all may change.</summary>
/// <param name="Node">Until a node is found; a new one has to be made and to bring its GPU driver up. The default value is 20 minutes.</param>
/// <param name="Container">From the node to a container that runs: the pull of a large image, volumes. The default value is 30 minutes.</param>
/// <param name="Ready">From a container that runs to a server that is ready: the deployment's progress deadline.</param>
/// <param name="Quiet">Without any change; Kubernetes' own progress deadline comes before it.</param>
public sealed record PhaseLimits(TimeSpan Node, TimeSpan Container, TimeSpan Ready, TimeSpan Quiet)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static PhaseLimits Of(KubernetesObject deployment)
    {
        var deadline = TimeSpan.FromSeconds(deployment.Json.Whole("spec", "progressDeadlineSeconds") ?? 600);
        return new(TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(30), deadline + Patience, deadline + Patience);
    }

    /// <summary>The limit of a phase, and what it waits for.</summary>
    internal (TimeSpan Limit, string For) Of(PodPhase phase) => phase switch
    {
        PodPhase.Node => (Node, "a node"),
        PodPhase.Container => (Container, "its containers to start"),
        _ => (Ready, "its server to be ready"),
    };
}

/// <summary>What a pod waits for.</summary>
internal enum PodPhase
{
    Node,
    Container,
    Ready,
}
