using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud.Pods;

/// <summary>An image on a node, unpacked.</summary>
internal sealed record PulledImage(StoredImage Image, string Root, TimeSpan Modelled);

/// <summary>
/// Brings images to nodes. The bytes are unpacked and verified once for all nodes; that a node does not have an image yet costs the modelled
/// time of its size.
/// </summary>
internal sealed class ImagePuller(IImageStore images, ObjectStore store, InfrastructureClock clock, EventRecorder events, Overrun overrun, string directory)
{
    /// <summary>Download and unpacking of a GPU node, together.</summary>
    private const double BytesPerSecond = 60.0 * 1024 * 1024;

    /// <summary>Resolving, manifests, snapshots: what a pull costs before its first byte.</summary>
    private static readonly TimeSpan Overhead = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _roots = new(StringComparer.Ordinal);

    /// <summary>
    /// The image, present on the pod's node. Throws <see cref="ContainerFault"/> <c>ErrImagePull</c> for a missing or damaged image,
    /// <c>ErrImageNeverPull</c> when the policy forbids a pull.
    /// </summary>
    public async Task<PulledImage> PullAsync(StoredObject pod, string reference, string policy, CancellationToken cancellation)
    {
        // A node pulls one image after the other.
        var turn = _nodes.GetOrAdd(pod.NodeName(), _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellation);
        try
        {
            return await PullInTurnAsync(pod, reference, policy, cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<PulledImage> PullInTurnAsync(StoredObject pod, string reference, string policy, CancellationToken cancellation)
    {
        var node = new ObjectKey(ResourceKinds.Node, "", pod.NodeName());
        var present = DigestOn(node, reference);
        if (policy == "Never" && present is null)
        {
            throw new ContainerFault("ErrImageNeverPull", $"Container image \"{reference}\" is not present with pull policy of Never");
        }

        if (policy != "Always" && present is not null && images.Find(AtDigest(reference, present)) is { } known)
        {
            var unpacked = await UnpackAsync(known, cancellation);
            events.Normal(pod, "kubelet", "Pulled", $"Container image \"{reference}\" already present on machine", TimeSpan.Zero);
            return new PulledImage(known, unpacked, TimeSpan.Zero);
        }

        events.Normal(pod, "kubelet", "Pulling", $"Pulling image \"{reference}\"");
        var begun = clock.Time.GetTimestamp();
        var found = images.Find(reference)
            ?? throw new ContainerFault("ErrImagePull", $"failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\": {reference}: not found");
        var size = found.Layers.Sum(layer => layer.Size);
        var modelled = DigestOn(node, AtDigest(reference, found.Digest)) is not null ? TimeSpan.Zero : Overhead + TimeSpan.FromSeconds(size / BytesPerSecond);
        var root = "";
        await clock.PhaseAsync(modelled, async () =>
        {
            var real = clock.Time.GetTimestamp();
            root = await UnpackAsync(found, cancellation);
            overrun.Add(clock.Time.GetElapsedTime(real) - clock.Scale(modelled));
        }, cancellation);
        Remember(node, reference, found, size);
        var took = clock.Time.GetElapsedTime(begun).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        events.Normal(pod, "kubelet", "Pulled", $"Successfully pulled image \"{reference}\" in {took}s ({took}s including waiting). Image size: {size} bytes.", modelled);
        return new PulledImage(found, root, modelled);
    }

    private string? DigestOn(ObjectKey node, string reference) =>
        store.Get(node)?.Json.Objects("status", "images").FirstOrDefault(image => image.Texts("names").Contains(reference))
            .Texts("names").Select(name => name.Split('@')).FirstOrDefault(parts => parts.Length == 2)?[1];

    private static string AtDigest(string reference, string digest) => $"{Repository(reference)}@{digest}";

    private static string Repository(string reference)
    {
        var name = reference.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }

    private void Remember(ObjectKey node, string reference, StoredImage image, long size) => store.Update(node, json =>
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { AtDigest(reference, image.Digest), reference };
        var list = json.Ensure("status")["images"] as JsonArray ?? [];
        var others = new List<JsonNode>();
        foreach (var entry in list.OfType<JsonObject>())
        {
            // A tag that moved names the new image only; an image known by another name keeps both.
            var digest = entry.Texts("names").Select(name => name.Split('@')).FirstOrDefault(parts => parts.Length == 2)?[1];
            if (digest == image.Digest)
            {
                names.UnionWith(entry.Texts("names"));
            }
            else if (entry.Texts("names").Where(name => name != reference).ToList() is { Count: > 0 } kept)
            {
                others.Add(new JsonObject { ["names"] = KubeJson.ToArray(kept), ["sizeBytes"] = entry.Number("sizeBytes") });
            }
        }

        others.Add(new JsonObject { ["names"] = KubeJson.ToArray(names.Order(StringComparer.Ordinal)), ["sizeBytes"] = size });
        json.Ensure("status")["images"] = new JsonArray([.. others]);
        return true;
    });

    private async Task<string> UnpackAsync(StoredImage image, CancellationToken cancellation)
    {
        var root = Path.Combine(directory, image.Digest.Replace(':', '-'));
        var turn = _roots.GetOrAdd(image.Digest, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellation);
        try
        {
            if (Directory.Exists(root))
            {
                return root;
            }

            // Renamed when whole: a root that is there is complete.
            var partial = root + ".partial";
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            Directory.CreateDirectory(partial);
            foreach (var layer in image.Layers)
            {
                await LayerUnpacker.UnpackAsync(layer, partial, cancellation);
            }

            Directory.Move(partial, root);
            return root;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new ContainerFault("ErrImagePull", $"failed to pull and unpack image \"{image.Reference}\": {e.Message}");
        }
        finally
        {
            turn.Release();
        }
    }
}
