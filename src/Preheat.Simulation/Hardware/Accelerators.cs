namespace Preheat.Simulation.Hardware;

/// <summary>The accelerators known here, by GKE's names. Rates are the vendor's nominal ones (dense, 16 bit).</summary>
public static class Accelerators
{
    private const double Gib = 1024d * 1024 * 1024;

    /// <summary>Ada, 24 GB: 300 GB/s, 121 TFLOPS dense (242 with sparsity), PCIe 4 x16.</summary>
    public static AcceleratorProfile L4 { get; } = Profile("nvidia-l4", 22.05, 300e9, 121e12, 8.9, 32e9) with { AllReduceSeconds = 40e-6 };

    /// <summary>Turing, 16 GB: 320 GB/s, 65 TFLOPS, no bfloat16.</summary>
    public static AcceleratorProfile T4 { get; } = Profile("nvidia-tesla-t4", 14.58, 320e9, 65e12, 7.5, 16e9) with { AllReduceSeconds = 40e-6 };

    /// <summary>Ampere, 40 GB: 1,555 GB/s, 312 TFLOPS, NVLink 3.</summary>
    public static AcceleratorProfile A100 { get; } = Profile("nvidia-tesla-a100", 39.39, 1_555e9, 312e12, 8.0, 300e9);

    /// <summary>Ampere, 80 GB: 2,039 GB/s, 312 TFLOPS, NVLink 3.</summary>
    public static AcceleratorProfile A100With80Gigabytes { get; } = Profile("nvidia-a100-80gb", 79.15, 2_039e9, 312e12, 8.0, 300e9);

    /// <summary>Hopper SXM, 80 GB: 3,350 GB/s, 989 TFLOPS, NVLink 4. The only one measured.</summary>
    public static AcceleratorProfile H100 { get; } = Profile("nvidia-h100-80gb", 79.10, 3_350e9, 989e12, 9.0, 450e9);

    /// <summary>Blackwell workstation, 96 GB: 1,792 GB/s, about 500 TFLOPS dense, PCIe 5 x16.</summary>
    public static AcceleratorProfile RtxPro6000 { get; } = Profile("nvidia-rtx-pro-6000", 94.97, 1_792e9, 500e12, 12.0, 64e9) with { AllReduceSeconds = 40e-6 };

    public static IReadOnlyList<AcceleratorProfile> All { get; } =
        [L4, T4, A100, A100With80Gigabytes, H100, H100 with { Name = "nvidia-h100-mega-80gb" }, RtxPro6000];

    /// <summary>The profile of a GKE accelerator name, or null.</summary>
    public static AcceleratorProfile? Find(string name) => All.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static AcceleratorProfile Profile(string name, double gib, double bytes, double flops, double capability, double link) => new()
    {
        Name = name,
        MemoryBytes = (long)(gib * Gib),
        BytesPerSecond = bytes,
        FlopsPerSecond = flops,
        ComputeCapability = capability,
        LinkBytesPerSecond = link,
    };
}
