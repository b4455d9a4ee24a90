using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Makes the serving image with <c>docker buildx build</c>: for recipes that run code. The result is the same record as the built-in builder's.</summary>
/// <remarks>Docker CLI reference, "docker buildx build": <c>--build-context</c>, <c>--secret id=ID,env=VARIABLE</c>, <c>--metadata-file</c>, <c>--push</c>.</remarks>
public static class DockerBuilder
{
    private const string TokenId = "HF_TOKEN";

    /// <summary>Builds and pushes; the tag is the last thing that docker writes.</summary>
    /// <param name="token">Becomes a BuildKit secret through docker's environment: it is in no argument and in no layer. Null for none.</param>
    /// <exception cref="UserException">There is no docker, or no way for it to reach the registry.</exception>
    /// <exception cref="PreheatException">docker failed; the end of what it printed is in the message.</exception>
    public static Task<ServingImage> BuildAsync(
        BakeRequest request, Secret? token, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation) =>
        BuildAsync("docker", request, token, endpoints, events, time, cancellation);

    /// <summary>As the other, with another program in docker's place.</summary>
    internal static async Task<ServingImage> BuildAsync(
        string program, BakeRequest request, Secret? token, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var dockerfile = await DockerfileReader.ReadAsync(request.DockerfilePath, cancellation);
        var arguments = BuildArguments.Of(request);
        if (request.Model.Name.StartsWith("preheat/", StringComparison.Ordinal))
            throw new UserException($"{request.Model.Name} is a model of the embedded cloud, which a docker build cannot download. Leave --image-builder out, or name another --model.");
        var target = ImageReference.Parse($"{request.Repository}:{request.Tag}");
        var baseReference = ImageReference.Parse(ImageRecipe.BaseImage(dockerfile, arguments, request.Platform));
        using var registry = new RegistryClient(target.Host, endpoints, time, events: events);
        using var baseRegistry = new RegistryClient(baseReference.Host, endpoints, time, events: events);
        var baseImage = await BaseImage.PullAsync(baseRegistry, baseReference, request.Platform, cancellation);
        var modelPath = ImageRecipe.FindModelPath(dockerfile, arguments, baseImage.ReadConfig(), request.Platform);
        arguments["BASE_IMAGE"] = PhysicalName(baseImage.Reference, baseRegistry);

        var metadata = Path.Combine(Path.GetTempPath(), $"preheat-docker-{Guid.NewGuid():N}.json");
        try
        {
            var line = Arguments(request, arguments, PhysicalName(target, registry), metadata, token is not null, insecure: registry.Address is { Scheme: "http", IsLoopback: false });
            await DockerProgram.RunAsync(program, line, token is null ? [] : [(TokenId, token)], events, cancellation);
            var digest = DockerMetadata.ReadDigest(metadata);
            return await DescribeAsync(request, registry, target.WithDigest(digest), modelPath, baseImage, cancellation);
        }
        finally
        {
            File.Delete(metadata);
        }
    }

    /// <summary>The command line; the token's value is not in it.</summary>
    internal static IReadOnlyList<string> Arguments(BakeRequest request, IReadOnlyDictionary<string, string> buildArguments, string image, string metadata, bool withToken, bool insecure = false)
    {
        var directory = request.Model.Reference.StartsWith("file:", StringComparison.Ordinal) ? new Uri(request.Model.Reference).LocalPath : null;
        return
        [
            "buildx", "build",
            "--file", request.DockerfilePath,
            "--platform", request.Platform.ToString(),
            .. buildArguments.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => new[] { "--build-arg", $"{pair.Key}={pair.Value}" }),
            .. directory is null ? Array.Empty<string>() : ["--build-context", $"{ImageRecipe.WeightsStage}={directory}"],
            .. withToken ? ["--secret", $"id={TokenId},env={TokenId}"] : Array.Empty<string>(),
            // An attestation would make the result an index of two; the record names the image itself.
            "--provenance=false",
            "--progress", "plain",
            "--metadata-file", metadata,
            "--tag", image,
            // What --push stands for, and plain http (docker buildx build, "--output", registry).
            .. insecure ? ["--output", "type=registry,registry.insecure=true"] : new[] { "--push" },
            Path.GetDirectoryName(Path.GetFullPath(request.DockerfilePath))!,
        ];
    }

    /// <summary>The name by which docker reaches an image: the registry's address where a logical host is mapped to one.</summary>
    private static string PhysicalName(ImageReference reference, RegistryClient registry)
    {
        var address = registry.Address;
        var name = reference.ToString();
        return address.Scheme == "http" ? $"{address.Authority}{name[name.IndexOf('/', StringComparison.Ordinal)..]}" : name;
    }

    private static async Task<ServingImage> DescribeAsync(
        BakeRequest request, RegistryClient registry, ImageReference reference, string modelPath, BaseImage baseImage, CancellationToken cancellation)
    {
        var image = await BaseImage.PullAsync(registry, reference, request.Platform, cancellation);
        return new ServingImage
        {
            Reference = image.Reference.ToString(),
            Digest = image.Content.Digest.ToString(),
            Size = image.Manifest.Config.Size + image.Manifest.Layers.Sum(layer => layer.Size),
            Layers = image.Manifest.Layers.Count,
            Region = request.Region,
            ModelPath = modelPath,
            BaseImage = baseImage.Reference.ToString(),
            BaseNamed = baseImage.Named.ToString(),
        };
    }
}
