namespace Preheat.Serving;

/// <summary>What a serving pod asks of a machine for each of its GPUs, and how many GPUs the machines have (cloud.google.com, "GPU machine types").</summary>
/// <param name="Accelerator">GKE's name.</param>
/// <param name="Counts">Numbers of GPUs that machines offer.</param>
/// <param name="Cpu">CPUs per GPU.</param>
/// <param name="MemoryGiB">GiB of memory per GPU.</param>
internal sealed record AcceleratorMachine(string Accelerator, int[] Counts, int Cpu, int MemoryGiB)
{
    // Somewhat less than the machine has, since the system and the node's own pods take their part. For the L4 what the published vLLM set-up asks for: 12 CPU and 48 GiB for two.
    private static readonly AcceleratorMachine[] Known =
    [
        new("nvidia-l4", [1, 2, 4, 8], 6, 24),
        new("nvidia-tesla-t4", [1, 2, 4], 6, 24),
        new("nvidia-tesla-a100", [1, 2, 4, 8], 10, 72),
        // The largest machine has no more CPUs than that with half its GPUs.
        new("nvidia-tesla-a100", [16], 5, 72),
        new("nvidia-a100-80gb", [1, 2, 4, 8], 10, 144),
        new("nvidia-h100-80gb", [1, 2, 4, 8], 22, 192),
        new("nvidia-h100-mega-80gb", [8], 22, 192),
        new("nvidia-h200-141gb", [8], 24, 320),
        new("nvidia-b200", [8], 24, 400),
        new("nvidia-rtx-pro-6000", [1, 2, 4, 8], 40, 144),
    ];

    /// <summary>The needs of a product that is not in the table: those of the L4.</summary>
    public static AcceleratorMachine Of(string accelerator, int count) => Rows(accelerator).FirstOrDefault(machine => machine.Counts.Contains(count)) ?? Rows(accelerator).FirstOrDefault() ?? Known[0];

    /// <summary>A warning about a product or a number of GPUs that no machine is known to have; null when all is well. The cluster has the last word.</summary>
    public static string? Doubt(string accelerator, int count)
    {
        var counts = Rows(accelerator).SelectMany(machine => machine.Counts).ToList();
        if (counts.Count == 0)
            return $"The accelerator {accelerator} is not known here ({string.Join(", ", Known.Select(machine => machine.Accelerator).Distinct())}); its pods ask for CPU and memory as for {Known[0].Accelerator}.";
        return counts.Contains(count) ? null : $"No machine with {count} × {accelerator} is known; there are machines with {string.Join(", ", counts)}.";
    }

    private static IEnumerable<AcceleratorMachine> Rows(string accelerator) => Known.Where(machine => machine.Accelerator == accelerator);
}
