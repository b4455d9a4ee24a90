using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Makes the serving image: base image + model, streamed from source to registry; nothing is kept on disk and memory is bounded.</summary>
public static class Baker
{
    /// <summary>Uploads at the same time; two fill a network link and keep memory small.</summary>
    private const int Uploads = 2;

    /// <summary>A fixed time, so that the same content has the same digest.</summary>
    private const string Epoch = "1970-01-01T00:00:00Z";

    /// <summary>Bakes and pushes; the manifest goes last, so an image that exists is whole.</summary>
    /// <exception cref="UserException">Bad reference or recipe, or a source or registry that refuses; nothing is tagged.</exception>
    /// <exception cref="PreheatException">An upload failed at every try, or a file is not the one that was resolved; nothing is tagged.</exception>
    public static async Task<ServingImage> BakeAsync(
        BakeRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var dockerfile = await DockerfileReader.ReadAsync(request.DockerfilePath, cancellation);
        var target = ImageReference.Parse($"{request.Repository}:{request.Tag}");
        var arguments = BuildArguments.Of(request);
        var baseReference = ImageReference.Parse(ImageRecipe.BaseImage(dockerfile, arguments, request.Platform));
        using var registry = new RegistryClient(target.Host, endpoints, time, events: events);
        var store = Store(request, registry, target, endpoints.DryRun, time);
        using var baseRegistry = new RegistryClient(baseReference.Host, endpoints, time, events: events);

        var baseImage = await BaseImage.PullAsync(baseRegistry, baseReference, request.Platform, cancellation);
        // Once before anything is sent, so that a bad recipe or base costs nothing.
        var recipe = Follow(request, dockerfile, arguments, baseImage.ReadConfig());
        var others = baseImage.Manifest.Layers.Count + (recipe.Directories.Count > 0 ? 1 : 0) + (recipe.Texts.Count > 0 ? 1 : 0);
        var plan = LayerPlan.Make(request.Model.Files, recipe.Placement, LayerPlan.MostLayers - others);

        var (baseLayers, modelLayers) = await PushLayersAsync(request, store, baseRegistry, target, baseImage, plan, endpoints.DryRun, events, time, cancellation);
        Descriptor[] below = recipe.Directories.Count > 0 ? [await store.PushAsync(MediaTypes.OciLayer, DirectoryLayer.Make(recipe.Directories), cancellation)] : [];
        Descriptor[] above = recipe.Texts.Count > 0 ? [await store.PushAsync(MediaTypes.OciLayer, TextLayer.Make(recipe.TextDirectories, recipe.Texts), cancellation)] : [];
        Descriptor[] layers = [.. baseLayers, .. below, .. modelLayers.Select(LayerAnnotations.Describe), .. above];
        if (request.Model.Reference.StartsWith("file:", StringComparison.Ordinal))
            arguments.TryAdd("MODEL_REVISION", ContentRevision(modelLayers));

        var config = Config(request, dockerfile, arguments, baseImage, [.. below.Select(layer => layer.Digest), .. modelLayers.Select(layer => layer.DiffId), .. above.Select(layer => layer.Digest)]);
        var manifest = ManifestJson.Write(new ImageManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = await store.PushAsync(MediaTypes.OciConfig, config, cancellation),
            Layers = layers,
            Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["org.opencontainers.image.base.digest"] = baseImage.Reference.Digest!.Value.ToString(),
                ["org.opencontainers.image.base.name"] = baseReference.ToString(),
            },
        });
        await store.TagAsync(target.ManifestName, manifest, cancellation);
        var digest = Digest.Of(manifest);
        var subject = new Descriptor { MediaType = MediaTypes.OciManifest, Digest = digest, Size = manifest.Length };
        await new Provenance(request, baseReference, baseImage, recipe.ModelPath, modelLayers).AttachAsync(store, subject, cancellation);
        return new ServingImage
        {
            Reference = target.WithDigest(digest).ToString(),
            Digest = digest.ToString(),
            Size = config.Length + layers.Sum(layer => layer.Size),
            Layers = layers.Length,
            Region = request.Region,
            ModelPath = recipe.ModelPath,
            BaseImage = baseImage.Reference.ToString(),
            BaseNamed = baseImage.Named.ToString(),
            InLayout = request.LayoutDirectory is not null,
        };
    }

    private static IImageStore Store(BakeRequest request, RegistryClient registry, ImageReference target, DryRun? dryRun, TimeProvider time)
    {
        if (request.LayoutDirectory is not { } directory)
            return new RegistryImageStore(registry, target.Repository);
        var layout = new OciLayout(directory, time, dryRun);
        layout.RemoveUnfinished();
        return layout;
    }

    private static async Task<(Descriptor[] Base, KnownLayer[] Model)> PushLayersAsync(
        BakeRequest request, IImageStore store, RegistryClient baseRegistry, ImageReference target, BaseImage baseImage,
        IReadOnlyList<IReadOnlyList<LayerFile>> plan, DryRun? dryRun, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var journal = new LayerJournal(request.JournalPath, dryRun);
        var known = await KnownLayersAsync(store, target, journal, cancellation);
        var baseLayers = baseImage.Manifest.Layers;
        var copied = new Descriptor[baseLayers.Count];
        var pushed = new KnownLayer[plan.Count];
        var total = new TransferTotal("BakeImage", [.. baseLayers.Select(layer => layer.Size), .. plan.Select(files => files.Sum(file => file.Source.Size))], events, time);
        var copier = new LayerCopier(baseRegistry, store, total, time);
        var pusher = new ModelLayerPusher(request.Source, store, known, journal, request.Compression, total, time);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, copied.Length + pushed.Length),
            new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = cancellation },
            async (i, token) => await total.RunAsync(i, async () =>
            {
                if (i < copied.Length)
                    copied[i] = await copier.CopyAsync(baseImage.Reference.Repository, baseLayers[i], token);
                else
                    pushed[i - copied.Length] = await pusher.PushAsync(plan[i - copied.Length], token);
            }));
        if (dryRun is null)
            events.Emit(new Note($"{pusher.Sent} of {plan.Count} model layers sent ({pusher.SentBytes:N0} bytes), {plan.Count - pusher.Sent} were there; {copier.Copied} of {baseLayers.Count} base layers copied."));
        return (copied, pushed);
    }

    private static async Task<IReadOnlyList<KnownLayer>> KnownLayersAsync(IImageStore store, ImageReference target, LayerJournal journal, CancellationToken cancellation)
    {
        var known = new List<KnownLayer>(journal.Read());
        if (await store.FindManifestAsync(target.ManifestName, cancellation) is { } previous && !MediaTypes.IsIndex(previous.MediaType))
        {
            var manifest = ManifestJson.Read<ImageManifest>(previous.Bytes.Span, $"The manifest of {target}");
            known.AddRange(manifest.Layers.Select(LayerAnnotations.Read).OfType<KnownLayer>());
        }
        return known;
    }

    private static ImageRecipe Follow(BakeRequest request, Dockerfile dockerfile, IReadOnlyDictionary<string, string> arguments, JsonObject root)
    {
        if (root["config"] is not JsonObject config)
            root["config"] = config = [];
        return ImageRecipe.Apply(dockerfile, arguments, config, request.Platform);
    }

    /// <param name="added">Digests of the tars of the layers above the base image's.</param>
    private static byte[] Config(
        BakeRequest request, Dockerfile dockerfile, IReadOnlyDictionary<string, string> arguments, BaseImage baseImage, IReadOnlyList<Digest> added)
    {
        var root = baseImage.ReadConfig();
        var recipe = Follow(request, dockerfile, arguments, root);
        root["created"] = Epoch;
        if (recipe.Author is { } author)
            root["author"] = author;
        var diffIds = root["rootfs"]!["diff_ids"]!.AsArray();
        foreach (var digest in added)
            diffIds.Add(digest.ToString());
        // An image without history is allowed; one whose history does not match its layers is not (OCI image specification, config.md).
        if (root["history"] is JsonArray history)
        {
            void Say(string what, int layers)
            {
                for (var i = 0; i < layers; i++)
                    history.Add(new JsonObject { ["created"] = Epoch, ["created_by"] = what });
            }
            var (below, above) = (recipe.Directories.Count > 0 ? 1 : 0, recipe.Texts.Count > 0 ? 1 : 0);
            Say("WORKDIR (directories)", below);
            Say($"COPY --from={ImageRecipe.WeightsStage} / {recipe.ModelPath}", added.Count - below - above);
            Say(string.Join(", ", recipe.Texts.Select(text => $"COPY <<EOF {text.Path}")), above);
            foreach (var instruction in recipe.History)
                history.Add(new JsonObject { ["created"] = Epoch, ["created_by"] = instruction, ["empty_layer"] = true });
        }
        return ManifestJson.Write(root);
    }

    /// <summary>A hash over paths and hashes of the files: the same for the same content on every machine.</summary>
    internal static string ContentRevision(IEnumerable<KnownLayer> modelLayers)
    {
        var lines = modelLayers
            .SelectMany(layer => layer.Files)
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => $"{file.Sha256}  {file.Path}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }
}
