namespace Preheat.Simulation.Hardware;

/// <summary>What one accelerator does at its nominal rates, and which fraction of them a serving engine reaches.</summary>
/// <remarks>
/// The fractions come from least-squares fits over measured decode and prefill steps of three models on an H100
/// (nominal 3,350 GB/s, measured copy 3,010 GB/s). Other accelerators take them over until someone measures there.
/// </remarks>
public sealed record AcceleratorProfile
{
    /// <summary>GKE's name: <c>nvidia-l4</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes that the CUDA runtime reports as total memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Nominal memory rate, bytes per second.</summary>
    public required double BytesPerSecond { get; init; }

    /// <summary>Nominal dense 16-bit matrix rate, floating point operations per second.</summary>
    public required double FlopsPerSecond { get; init; }

    /// <summary>CUDA compute capability; bfloat16 needs 8.0.</summary>
    public required double ComputeCapability { get; init; }

    /// <summary>Nominal rate between two accelerators of a node, one direction, bytes per second.</summary>
    public required double LinkBytesPerSecond { get; init; }

    /// <summary>Time of an all-reduce of nothing, seconds: two of them per layer with tensor parallelism.</summary>
    public double AllReduceSeconds { get; init; } = 15e-6;

    /// <summary>Fraction of the memory rate reached by the one read of the weights in each step. The default value is 0.835.</summary>
    public double WeightReadEfficiency { get; init; } = 0.835;

    /// <summary>Fraction of the memory rate reached by reading the KV cache. The default value is 0.935.</summary>
    public double CacheReadEfficiency { get; init; } = 0.935;

    /// <summary>Fraction of the matrix rate reached by a prefill. The default value is 0.58.</summary>
    public double PrefillEfficiency { get; init; } = 0.58;

    /// <summary>
    /// Fraction of the matrix rate at which each further sequence of a decode step shows as added time; above 1 since
    /// part of the matrix work hides behind the read of the weights. The default value is 1.1.
    /// </summary>
    public double DecodeEfficiency { get; init; } = 1.1;

    /// <summary>Time per layer of a decode step that neither bytes nor operations explain, seconds. The default value is 40 µs.</summary>
    public double LayerSeconds { get; init; } = 40e-6;

    /// <summary>Least time per layer of a step with a prefill (kernels launched one by one), seconds. The default value is 0.23 ms.</summary>
    public double PrefillLayerSeconds { get; init; } = 0.23e-3;
}
