using Preheat.Images;
using Preheat.Kubernetes;
using Preheat.Load;
using Preheat.Models;
using Preheat.Smoke;

namespace Preheat.Reports;

/// <summary>One step of the run.</summary>
/// <param name="Name">The target: <c>BakeImage</c>.</param>
/// <param name="Outcome">What became of it: <c>done</c>, <c>up to date</c>, <c>failed</c>, …</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="Detail">One line more; null when there is none.</param>
public sealed record ReportStep(string Name, string Outcome, double Seconds, string? Detail = null);

/// <summary>What the report shows. A part that is null was not reached, and the page says so.</summary>
public sealed record ReportContent
{
    /// <summary>Name of the deployment.</summary>
    public required string Deployment { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Ended { get; init; }

    public ModelSnapshot? Model { get; init; }

    public ServingImage? Image { get; init; }

    public Rollout? Rollout { get; init; }

    public SmokeReport? Smoke { get; init; }

    public LoadReport? Load { get; init; }

    /// <summary>In the order they ran.</summary>
    public IReadOnlyList<ReportStep> Steps { get; init; } = [];

    /// <summary><c>simulated: profile X, time-scale N</c>; null on real infrastructure. The load report's own stamp counts when this is null.</summary>
    public string? Simulated { get; init; }

    /// <summary>Why the run ended early; null when it did not.</summary>
    public string? Failure { get; init; }
}
