using System.Text.Json;

namespace Preheat.Runs;

/// <summary>What a finished step left: <c>artifacts/DEPLOYMENT/TARGET.json</c>. A cache, never the truth for deleting.</summary>
public sealed record Receipt
{
    /// <summary>Version of this layout; a receipt of another version is stale.</summary>
    public const int CurrentSchema = 1;

    public required int Schema { get; init; }

    public required string Target { get; init; }

    /// <summary>Over schema, target, step version, the fields the step reads and the output fingerprints it needs.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Over the output, or its <see cref="IStepOutput.Identity"/>.</summary>
    public required string OutputFingerprint { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>The record the step made.</summary>
    public required JsonElement Output { get; init; }

    /// <summary>The receipt with what is true now instead, of no present inputs: the step runs the next time, and others know meanwhile what is there.</summary>
    public Receipt Outdated<T>(T output) where T : class => this with
    {
        Fingerprint = "",
        OutputFingerprint = Step.OutputFingerprintOf(output),
        Output = JsonSerializer.SerializeToElement(output, ReceiptStore.Json),
    };
}
