using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Storage;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>A pod's volumes as folders on this machine: its own, or those of the disks behind its claims.</summary>
internal sealed class PodVolumes(ObjectStore store, VolumeAttachments attachments, string directory)
{
    /// <summary>
    /// Makes the folders of every volume, filled from Secrets and ConfigMaps. Throws with the event reason <c>FailedMount</c> when one cannot
    /// be had.
    /// </summary>
    public Dictionary<string, string> Prepare(StoredObject pod)
    {
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in pod.Json.Objects("spec", "volumes"))
        {
            var name = volume.Text("name") ?? "";
            if (volume.Text("persistentVolumeClaim", "claimName") is { } claim)
            {
                folders[name] = attachments.Attach(pod, claim);
                continue;
            }

            var folder = Path.Combine(directory, pod.Uid, name);
            Directory.CreateDirectory(folder);
            folders[name] = folder;
            if (volume.Map("secret") is { } secret)
            {
                Fill(folder, pod, ResourceKinds.Secret, secret.Text("secretName") ?? "", secret);
            }
            else if (volume.Map("configMap") is { } map)
            {
                Fill(folder, pod, ResourceKinds.ConfigMap, map.Text("name") ?? "", map);
            }
            else if (volume.Map("emptyDir") is null)
            {
                var form = volume.Select(pair => pair.Key).FirstOrDefault(key => key != "name");
                throw new ContainerFault("FailedMount", $"MountVolume.SetUp failed for volume \"{name}\": this embedded cluster has no volumes of the form {form}");
            }
        }

        return folders;
    }

    /// <summary>Mount path inside the container → folder.</summary>
    public static Dictionary<string, string> Mounts(JsonObject container, IReadOnlyDictionary<string, string> folders)
    {
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var mount in container.Objects("volumeMounts"))
        {
            if (folders.TryGetValue(mount.Text("name") ?? "", out var folder))
            {
                var sub = mount.Text("subPath") ?? "";
                if (Path.IsPathRooted(sub) || sub.Split('/').Contains(".."))
                {
                    throw new ContainerFault("CreateContainerConfigError", $"subPath \"{sub}\" leaves its volume");
                }

                mounts[(mount.Text("mountPath") ?? "/").TrimEnd('/') is { Length: > 0 } path ? path : "/"] = Path.Combine(folder, sub);
            }
        }

        return mounts;
    }

    /// <summary>The pod's disks may go elsewhere.</summary>
    public void Release(string uid) => attachments.Release(uid);

    public void Remove(string uid)
    {
        var folder = Path.Combine(directory, uid);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Fill(string folder, StoredObject pod, ResourceKind kind, string name, JsonObject source)
    {
        var optional = source.Flag("optional");
        if (store.Get(new ObjectKey(kind, pod.Namespace, name)) is not { } found)
        {
            if (!optional)
            {
                throw new ContainerFault("FailedMount", $"MountVolume.SetUp failed for volume: {kind.Singular} \"{name}\" not found");
            }

            return;
        }

        var data = found.DataOf().ToDictionary(pair => pair.Key, pair => pair.Value);
        var items = source.Items("items") is null
            ? data.Keys.Select(key => (Key: key, Path: key)).ToList()
            : [.. source.Objects("items").Select(item => (Key: item.Text("key") ?? "", Path: item.Text("path") ?? ""))];
        foreach (var (key, path) in items)
        {
            if (!data.TryGetValue(key, out var bytes))
            {
                throw new ContainerFault("FailedMount", $"MountVolume.SetUp failed for volume: references non-existent {kind.Singular} key: {key}");
            }

            if (path.Length == 0 || Path.IsPathRooted(path) || path.Split('/').Contains(".."))
            {
                throw new ContainerFault("FailedMount", $"MountVolume.SetUp failed for volume: path \"{path}\" leaves the volume");
            }

            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
            if (kind == ResourceKinds.Secret && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }
    }
}
