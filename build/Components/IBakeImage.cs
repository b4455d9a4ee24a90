using Preheat;
using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;

interface IBakeImage : IResolveModel
{
    [Parameter("How layers of model files are compressed - none (default), gzip, zstd", ValueProviderType = typeof(IBakeImage), ValueProviderMember = nameof(LayerCompressions))]
    string? LayerCompression => TryGetValue(() => LayerCompression);

    [Parameter("Where the image goes: registry (default), or oci-layout, a directory under the artifacts for sites that no registry reaches", ValueProviderType = typeof(IBakeImage), ValueProviderMember = nameof(ImageOutputs))]
    string? ImageOutput => TryGetValue(() => ImageOutput);

    [Parameter("What makes the serving image: built-in (default) needs no docker, docker runs docker buildx build", ValueProviderType = typeof(IBakeImage), ValueProviderMember = nameof(ImageBuilders))]
    string? ImageBuilder => TryGetValue(() => ImageBuilder);

    [Parameter("Platform of the base image where its name stands for several - default is linux/amd64")]
    string? ImagePlatform => TryGetValue(() => ImagePlatform);

    [Parameter("Tag of the image beside its digest; a new one for each image where tags are immutable - default is latest")]
    string? ImageTag => TryGetValue(() => ImageTag);

    [Parameter("Registry hosts that may be reached over plain http although they are not on this machine")]
    string[]? InsecureRegistry => TryGetValue(() => InsecureRegistry);

    /// <summary>What is allowed: for the help, for completion, and to be checked.</summary>
    static IEnumerable<string> LayerCompressions => ["none", "gzip", "zstd"];
    static IEnumerable<string> ImageOutputs => ["registry", "oci-layout"];
    static IEnumerable<string> ImageBuilders => ["built-in", "docker"];

    /// <summary>How the image is made, validated.</summary>
    ImageBuildOptions ImageBuild => new ImageBuildRequest(
        ImageBuilder, ImagePlatform, InsecureRegistry, LayerCompression, ImageOutput, ImageTag, !"hub".Equals(Weights, StringComparison.OrdinalIgnoreCase))
        .Validate(Session.Reader());

    /// <summary>Wrong values are told before anything runs, and so is an image that no later target of this run could use.</summary>
    void CheckImageBuild(bool isRendered)
    {
        if (ImageBuild.ToLayout && isRendered)
            throw new UserException(
                "--image-output oci-layout writes the image to a directory, from which RenderManifests and Deploy cannot serve it: nodes pull from a registry. "
                + "Run './build.sh BakeImage --image-output oci-layout' alone and carry the image to a registry as it says at its end; then run without --image-output: nothing is sent twice.");
    }

    /// <summary>Where the image goes with <c>--image-output oci-layout</c>.</summary>
    static string LayoutDirectory => Path.Combine(Session.Current.Steps.Receipts.Directory, "image");

    /// <summary>What the step reads.</summary>
    StepInputs BakeInputs
    {
        get
        {
            var deployment = Session.Current.Deployment;
            var build = ImageBuild;
            return new(
                nameof(BakeImage),
                2,
                new
                {
                    deployment.Name,
                    deployment.BaseImage,
                    deployment.RegistryHost,
                    deployment.ProjectId,
                    deployment.Repository,
                    deployment.Weights,
                    build.Builder,
                    platform = build.Platform.ToString(),
                    recipe = Fingerprint.Of(File.ReadAllText(Recipe)),
                    build.Compression,
                    layout = build.ToLayout,
                    // The default is left out, as it was before there was a choice.
                    tag = build.Tag == ImageReference.DefaultTag ? null : build.Tag,
                },
                nameof(ResolveModel));
        }
    }

    /// <summary>The server's model-in-image recipe.</summary>
    AbsolutePath Recipe => RootDirectory / $"Dockerfile.{Session.Current.Deployment.Server}";

    Target BakeImage => _ => _
        .Description("Bake the weights into the serving image and push it, or mirror the server's image when they are not baked")
        .DependsOn(ResolveModel)
        .Executes(() => Session.Current.RunAsync(nameof(BakeImage), async cancellation =>
        {
            var session = Session.Current;
            var deployment = session.Deployment;
            var build = ImageBuild;
            var endpoints = await session.EndpointsAsync();
            var model = session.Steps.Receipts.Output<ModelSnapshot>(nameof(ResolveModel))!;
            var layout = build.ToLayout ? LayoutDirectory : null;
            var image = await Step.RunAsync(
                session.Steps,
                BakeInputs,
                (known, token) => layout is null
                    ? ServingImages.IsCurrentAsync(known, deployment.BaseImage, endpoints, session.Events, Session.Time, token)
                    : ServingImages.ExistsInLayoutAsync(known, layout, Session.Time, token),
                token => deployment.Weights == "baked" ? BakeAsync(model, build, layout, endpoints, token) : MirrorAsync(build, endpoints, token),
                cancellation);
            if (layout is not null)
                Log.Information("Bring it to its place with: {Command:l}", ServingImages.CarryCommand(image, layout));
            ReportSummary(_ => _
                .AddPair("Image", image.Digest[..19])
                .AddPair("Size", $"{image.Size / 1e6:0.0} MB in {image.Layers} layers"));
        }));

    private async Task<ServingImage> BakeAsync(ModelSnapshot model, ImageBuildOptions build, string? layout, CloudEndpoints endpoints, CancellationToken cancellation)
    {
        var session = Session.Current;
        using var source = ModelSources.Open(model, endpoints, HubToken, Session.Time, session.Events);
        var request = new BakeRequest
        {
            Model = model,
            Source = source,
            BaseImage = session.Deployment.BaseImage,
            Platform = build.Platform,
            DockerfilePath = Recipe,
            Repository = session.Deployment.ImageName,
            Tag = build.Tag,
            Region = session.Deployment.Region,
            Compression = build.Compression,
            LayoutDirectory = layout,
            JournalPath = Path.Combine(session.Steps.Receipts.Directory, nameof(BakeImage) + ".partial.jsonl"),
        };
        return build.Builder == "docker"
            ? await DockerBuilder.BuildAsync(request, HubToken, endpoints, session.Events, Session.Time, cancellation)
            : await Baker.BakeAsync(request, endpoints, session.Events, Session.Time, cancellation);
    }

    private static Task<ServingImage> MirrorAsync(ImageBuildOptions build, CloudEndpoints endpoints, CancellationToken cancellation)
    {
        var session = Session.Current;
        return Mirror.CopyAsync(
            new MirrorRequest
            {
                BaseImage = session.Deployment.BaseImage,
                Platform = build.Platform,
                Repository = session.Deployment.ImageName,
                Tag = build.Tag,
                Region = session.Deployment.Region,
            },
            endpoints,
            session.Events,
            Session.Time,
            cancellation);
    }
}
