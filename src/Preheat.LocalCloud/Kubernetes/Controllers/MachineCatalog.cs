namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>A machine that the cluster can add: what it offers and the labels that its node carries.</summary>
internal sealed record Machine(string Type, string Accelerator, int Gpus, decimal Cpu, decimal MemoryGiB);

/// <summary>
/// GPU machines of Compute Engine by product and GPU count, the largest of each count
/// (https://cloud.google.com/compute/docs/gpus), and one general machine for pods without a GPU.
/// </summary>
internal static class MachineCatalog
{
    private static readonly Machine[] Machines =
    [
        new("g2-standard-32", "nvidia-l4", 1, 32, 128),
        new("g2-standard-24", "nvidia-l4", 2, 24, 96),
        new("g2-standard-48", "nvidia-l4", 4, 48, 192),
        new("g2-standard-96", "nvidia-l4", 8, 96, 384),
        new("n1-standard-16", "nvidia-tesla-t4", 1, 16, 60),
        new("n1-standard-32", "nvidia-tesla-t4", 2, 32, 120),
        new("n1-standard-96", "nvidia-tesla-t4", 4, 96, 360),
        new("a2-highgpu-1g", "nvidia-tesla-a100", 1, 12, 85),
        new("a2-highgpu-2g", "nvidia-tesla-a100", 2, 24, 170),
        new("a2-highgpu-4g", "nvidia-tesla-a100", 4, 48, 340),
        new("a2-highgpu-8g", "nvidia-tesla-a100", 8, 96, 680),
        new("a2-megagpu-16g", "nvidia-tesla-a100", 16, 96, 1360),
        new("a2-ultragpu-1g", "nvidia-a100-80gb", 1, 12, 170),
        new("a2-ultragpu-2g", "nvidia-a100-80gb", 2, 24, 340),
        new("a2-ultragpu-4g", "nvidia-a100-80gb", 4, 48, 680),
        new("a2-ultragpu-8g", "nvidia-a100-80gb", 8, 96, 1360),
        new("a3-highgpu-1g", "nvidia-h100-80gb", 1, 26, 234),
        new("a3-highgpu-2g", "nvidia-h100-80gb", 2, 52, 468),
        new("a3-highgpu-4g", "nvidia-h100-80gb", 4, 104, 936),
        new("a3-highgpu-8g", "nvidia-h100-80gb", 8, 208, 1872),
        new("e2-standard-32", "", 0, 32, 128),
    ];

    /// <summary>The smallest machine that holds the request; null when there is none.</summary>
    /// <param name="accelerator">The product; empty for a pod that asks for any GPU, or for none.</param>
    public static Machine? Find(string accelerator, int gpus, decimal cpu, decimal memoryGiB) =>
        Array.Find(Machines, machine => (accelerator.Length == 0 && gpus > 0 || machine.Accelerator == accelerator) && machine.Gpus >= gpus && machine.Cpu >= cpu && machine.MemoryGiB >= memoryGiB);
}
