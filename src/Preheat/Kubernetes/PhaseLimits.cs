namespace Preheat.Kubernetes;

/// <summary>How long each phase of a pod's start may last, how long nothing at all may change, and how long the whole may take.</summary>
public sealed record PhaseLimits
{
    /// <summary>The default value of <see cref="Outage"/>: 15 minutes. The control plane of a zonal cluster is away for minutes while it is upgraded.</summary>
    public static readonly TimeSpan UsualOutage = TimeSpan.FromMinutes(15);

    /// <summary>That of the embedded cluster: it is a program of this machine, which the next run starts again.</summary>
    public static readonly TimeSpan EmbeddedOutage = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Until a node is found; a new one has to be made and to bring its GPU driver up. The default value is 20 minutes.</summary>
    public TimeSpan Node { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>The pull of a large image. The default value is 30 minutes.</summary>
    public TimeSpan Image { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>From the image to a container that runs: volumes, init containers. The default value is 15 minutes.</summary>
    public TimeSpan Container { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Until the server has loaded the weights: the deployment's progress deadline.</summary>
    public required TimeSpan Weights { get; init; }

    /// <summary>From the weights to a server that is ready: the deployment's progress deadline.</summary>
    public required TimeSpan Ready { get; init; }

    /// <summary>Without any change; Kubernetes' own progress deadline comes before it.</summary>
    public required TimeSpan Quiet { get; init; }

    /// <summary>How long the API server may be away; what runs in the cluster goes on meanwhile.</summary>
    public TimeSpan Outage { get; init; } = UsualOutage;

    /// <summary>How long what a container asks for (a Secret, a ConfigMap, a key) may not be there yet; others may make it at the same time. The default value is 60 seconds.</summary>
    public TimeSpan Missing { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The first request to a pod. Longer, and its time is not told; the roll-out does not fail. The default value is 60 seconds.</summary>
    public TimeSpan FirstToken { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the apply until all replicas are ready; null (the default) for no such limit.</summary>
    public TimeSpan? Whole { get; init; }

    /// <summary>The limits for a Deployment, whose progress deadline is sized from the expected cold start.</summary>
    public static PhaseLimits Of(KubernetesObject deployment, RolloutTimeouts asked)
    {
        var deadline = TimeSpan.FromSeconds(deployment.Json.Whole("spec", "progressDeadlineSeconds") ?? 600) + Patience;
        var usual = new PhaseLimits { Weights = deadline, Ready = deadline, Quiet = deadline };
        TimeSpan Limit(PodPhase phase, TimeSpan otherwise) => asked.Phases.TryGetValue(phase, out var limit) ? limit : otherwise;
        return usual with
        {
            Node = Limit(PodPhase.Node, usual.Node),
            Image = Limit(PodPhase.Image, usual.Image),
            Container = Limit(PodPhase.Container, usual.Container),
            Weights = Limit(PodPhase.Weights, usual.Weights),
            Ready = Limit(PodPhase.Ready, usual.Ready),
            FirstToken = Limit(PodPhase.FirstToken, usual.FirstToken),
            Whole = asked.Whole,
        };
    }

    /// <summary>The limit of a phase; null when there is nothing to wait for any more.</summary>
    public TimeSpan? Of(PodPhase phase) => phase switch
    {
        PodPhase.Node => Node,
        PodPhase.Image => Image,
        PodPhase.Container => Container,
        PodPhase.Weights => Weights,
        PodPhase.Ready => Ready,
        PodPhase.FirstToken => FirstToken,
        _ => null,
    };
}
