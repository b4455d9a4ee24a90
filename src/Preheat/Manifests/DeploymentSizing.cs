using Preheat.Images;
using Preheat.Models;
using Preheat.Serving;

namespace Preheat.Manifests;

/// <summary>Resources and time limits of a serving pod, derived from accelerators, image and weights.</summary>
/// <remarks>
/// CPU and memory per accelerator are those of <see cref="AcceleratorMachine"/>, and 24 GiB of ephemeral storage: what the published vLLM set-up asks for two L4 is 48Gi. The time limits expect a slow day: a node in 5 min, an image at 50 MB/s,
/// weights at 100 MB/s, 5 min for compilation and CUDA graphs; and allow twice that.
/// </remarks>
internal sealed record DeploymentSizing
{
    private const long StorageGiBPerAccelerator = 24;
    private const double NodeSeconds = 300;
    private const double StartSeconds = 300;
    private const double ImageBytesPerSecond = 50e6;
    private const double WeightBytesPerSecond = 100e6;
    private const double Allowance = 2;
    private const long GiB = 1L << 30;

    /// <summary>Seconds between two start-up probes, as <c>manifests/base</c> has it.</summary>
    public const int ProbePeriodSeconds = 5;

    /// <summary>A quantity: <c>12</c>.</summary>
    public required string Cpu { get; init; }

    /// <summary>A quantity: <c>48Gi</c>.</summary>
    public required string Memory { get; init; }

    /// <summary>A quantity: <c>48Gi</c>.</summary>
    public required string EphemeralStorage { get; init; }

    /// <summary>Seconds without progress after which Kubernetes calls a roll-out failed; whole minutes.</summary>
    public required int ProgressDeadlineSeconds { get; init; }

    /// <summary>Failed start-up probes after which a container is restarted.</summary>
    public required int StartupFailures { get; init; }

    public static DeploymentSizing Of(AcceleratorMachine machine, int accelerators, ServingImage image, ModelSnapshot model, bool downloaded)
    {
        var start = (model.WeightBytes / WeightBytesPerSecond) + StartSeconds;
        var whole = NodeSeconds + (image.Size / ImageBytesPerSecond) + start;
        // An image takes about twice its stored size: layers as they came, and unpacked. Weights that are not in it come beside it.
        var storage = Math.Max(StorageGiBPerAccelerator * accelerators, (((2 * image.Size) + (downloaded ? model.WeightBytes : 0)) / GiB) + 1);
        return new()
        {
            Cpu = $"{machine.Cpu * accelerators}",
            Memory = $"{machine.MemoryGiB * accelerators}Gi",
            EphemeralStorage = $"{storage}Gi",
            ProgressDeadlineSeconds = (int)Math.Ceiling(Allowance * whole / 60) * 60,
            StartupFailures = (int)Math.Ceiling(Allowance * start / ProbePeriodSeconds),
        };
    }
}
