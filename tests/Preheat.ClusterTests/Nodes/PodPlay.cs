namespace Preheat.ClusterTests.Nodes;

/// <summary>What becomes of a pod on a node.</summary>
internal enum PodFate
{
    /// <summary>It starts and is ready.</summary>
    Serves,

    /// <summary>Its container ends with exit code 1, again and again.</summary>
    Crashes,

    /// <summary>As <see cref="Crashes"/>, ended by the kernel.</summary>
    OutOfMemory,

    /// <summary>The registry does not have its image.</summary>
    NoImage,

    /// <summary>It runs, and its start-up probe fails.</summary>
    NeverReady,
}

/// <param name="Log">What its container prints.</param>
internal sealed record PodPlay(PodFate Fate, string Log = "")
{
    public static readonly PodPlay Serves = new(PodFate.Serves, "INFO 11-22 06:00:00 [default_loader.py:268] Loading weights took 0.01 seconds\n");
}
