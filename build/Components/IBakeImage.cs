using Preheat.Images;
using Preheat.Models;
using Preheat.Runs;

interface IBakeImage : IResolveModel
{
    /// <summary>What the step reads.</summary>
    StepInputs BakeInputs
    {
        get
        {
            var deployment = Session.Current.Deployment;
            return new(
                nameof(BakeImage),
                1,
                new
                {
                    deployment.Name,
                    deployment.BaseImage,
                    deployment.RegistryHost,
                    deployment.ProjectId,
                    deployment.Repository,
                    recipe = Fingerprint.Of(File.ReadAllText(Recipe)),
                },
                nameof(ResolveModel));
        }
    }

    /// <summary>The model-in-image recipe.</summary>
    AbsolutePath Recipe => RootDirectory / "Dockerfile.vllm";

    Target BakeImage => _ => _
        .Description("Bake the weights into the serving image and push it, straight from source to registry")
        .DependsOn(ResolveModel)
        .Executes(() => Session.Current.RunAsync(nameof(BakeImage), async cancellation =>
        {
            var session = Session.Current;
            var deployment = session.Deployment;
            var endpoints = await session.EndpointsAsync();
            var model = session.Steps.Receipts.Output<ModelSnapshot>(nameof(ResolveModel))!;
            var image = await Step.RunAsync(
                session.Steps,
                BakeInputs,
                (known, token) => ServingImages.ExistsAsync(known, endpoints, Session.Time, token),
                async token =>
                {
                    using var source = ModelSources.Open(model, endpoints, HubToken, Session.Time);
                    return await Baker.BakeAsync(
                        new BakeRequest
                        {
                            Model = model,
                            Source = source,
                            BaseImage = deployment.BaseImage,
                            DockerfilePath = Recipe,
                            Repository = $"{deployment.RegistryHost}/{deployment.ProjectId}/{deployment.Repository}/{deployment.Name}",
                            Tag = "latest",
                            Region = deployment.Region,
                            JournalPath = Path.Combine(session.Steps.Receipts.Directory, nameof(BakeImage) + ".partial.jsonl"),
                        },
                        endpoints,
                        session.Events,
                        Session.Time,
                        token);
                },
                cancellation);
            ReportSummary(_ => _
                .AddPair("Image", image.Digest[..19])
                .AddPair("Size", $"{image.Size / 1e6:0.0} MB in {image.Layers} layers"));
        }));
}
