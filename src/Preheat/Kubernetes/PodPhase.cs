namespace Preheat.Kubernetes;

/// <summary>What a pod waits for on its way to its first token, in this order.</summary>
public enum PodPhase
{
    /// <summary>A node, which may have to be made first.</summary>
    Node,

    /// <summary>The pull of its image.</summary>
    Image,

    /// <summary>The start of its containers: volumes, init containers.</summary>
    Container,

    /// <summary>The server loads the weights.</summary>
    Weights,

    /// <summary>The server warms up until its probe passes.</summary>
    Ready,

    /// <summary>The first request to it.</summary>
    FirstToken,

    /// <summary>Nothing: it serves.</summary>
    Served,
}

/// <summary>Names of phases, as in a <see cref="ColdStartPhase"/>.</summary>
internal static class PodPhaseNames
{
    public static string Text(this PodPhase phase) => phase switch
    {
        PodPhase.Node => "node",
        PodPhase.Image => "image",
        PodPhase.Container => "container",
        PodPhase.Weights => "weights",
        PodPhase.Ready => "ready",
        PodPhase.FirstToken => "first token",
        _ => "served",
    };

    /// <summary>The letter of a phase in bars.</summary>
    public static char Letter(string phase) => phase switch
    {
        "node" => 'n',
        "image" => 'i',
        "container" => 'c',
        "weights" => 'w',
        "ready" => 'r',
        "first token" => 't',
        _ => '?',
    };
}
