using Preheat.Images;
using Preheat.Manifests;
using Preheat.Models;
using Preheat.Runs;

interface IRenderManifests : IBakeImage
{
    /// <summary>Where the manifests are written.</summary>
    AbsolutePath RenderedManifests => Artifacts / Session.Current.Deployment.Name / "manifests";

    /// <summary>What the step reads.</summary>
    StepInputs RenderInputs => new(
        nameof(RenderManifests),
        1,
        new { Session.Current.Deployment.Platform, Session.Current.Deployment.Namespace },
        nameof(ResolveModel),
        nameof(BakeImage));

    Target RenderManifests => _ => _
        .Description("Render and check the Kubernetes manifests")
        .DependsOn(BakeImage)
        .Executes(() => Session.Current.RunAsync(nameof(RenderManifests), async cancellation =>
        {
            var session = Session.Current;
            var receipts = session.Steps.Receipts;
            var image = receipts.Output<ServingImage>(nameof(BakeImage))!;
            ServingImages.RequireInRegistry(image, nameof(RenderManifests), LayoutDirectory);
            var request = new RenderRequest
            {
                Deployment = session.Deployment,
                Model = receipts.Output<ModelSnapshot>(nameof(ResolveModel))!,
                Image = image,
                ManifestsRoot = RootDirectory / "manifests",
                OutputDirectory = RenderedManifests,
                DryRun = session.DryRun,
            };
            var manifests = await Step.RefreshAsync(
                session.Steps,
                RenderInputs,
                _ => Task.FromResult(ManifestRenderer.Render(request, session.Events)),
                cancellation);
            ReportSummary(_ => _.AddPair("Manifests", $"{manifests.Files.Count} in {Path.GetRelativePath(RootDirectory, RenderedManifests)}"));
        }));
}
