using System.Security.Cryptography;
using System.Text;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>
/// The disks behind volumes, as folders on this machine. A disk is known by its handle, so that two volumes of one disk, first a dynamic one and then a
/// static one, hold the same files.
/// </summary>
internal sealed class DiskFolders(string directory)
{
    public static string IdentityOf(StoredObject volume)
    {
        var spec = volume.Json.Map("spec");
        return spec.Text("csi", "volumeHandle") is { } handle ? $"{spec.Text("csi", "driver")}/{handle}"
            : spec.Text("gcePersistentDisk", "pdName") is { } disk ? $"gce/{disk}"
            : $"volume/{volume.Name}";
    }

    /// <summary>The folder of a volume's disk, made when it is first asked for.</summary>
    public string Of(StoredObject volume) => Directory.CreateDirectory(PathOf(volume)).FullName;

    public void Delete(StoredObject volume)
    {
        if (Directory.Exists(PathOf(volume)))
        {
            Directory.Delete(PathOf(volume), recursive: true);
        }
    }

    private string PathOf(StoredObject volume) => Path.Combine(directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(IdentityOf(volume))))[..32]);
}
