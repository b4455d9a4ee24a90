using Preheat;
using Preheat.Images;
using Preheat.Kubernetes;
using Preheat.Manifests;
using Preheat.Runs;

interface IDeploy : IRenderManifests
{
    /// <summary>What the step reads.</summary>
    StepInputs DeployInputs => new(nameof(Deploy), 1, new { Session.Current.Deployment.Name }, nameof(RenderManifests));

    Target Deploy => _ => _
        .Description("Apply the manifests and watch until the model serves")
        .DependsOn(RenderManifests)
        .Executes(() => Session.Current.RunAsync(nameof(Deploy), async cancellation =>
        {
            var session = Session.Current;
            var receipts = session.Steps.Receipts;
            var image = receipts.Output<ServingImage>(nameof(BakeImage))!;
            ServingImages.RequireInRegistry(image, nameof(Deploy), LayoutDirectory);
            var endpoints = await session.EndpointsAsync();
            var rollout = await Step.RunAsync(
                session.Steps,
                DeployInputs,
                (known, token) => Rollouts.ProbeAsync(known, session.Deployment, endpoints, Session.Time, token),
                token => Rollouts.DeployAsync(
                    new DeployRequest
                    {
                        Deployment = session.Deployment,
                        Manifests = receipts.Output<ManifestSet>(nameof(RenderManifests))!,
                        ManifestsDirectory = RenderedManifests,
                        Image = image,
                        HubToken = HubToken,
                    },
                    endpoints,
                    session.Events,
                    Session.Time,
                    token),
                cancellation);
            ReportSummary(_ => _
                .AddPair("Revision", rollout.Revision)
                .AddPair("Cold start", rollout.ColdStartText()));
        }));

    /// <summary>A connection to what <see cref="Deploy"/> left running.</summary>
    async Task<(Rollout Rollout, ServingConnection Connection)> ConnectAsync()
    {
        var rollout = Session.Current.Steps.Receipts.Output<Rollout>(nameof(Deploy))
            ?? throw new UserException("Nothing is deployed. Run './build.sh Deploy' first.");
        return (rollout, ServingConnection.Open(rollout.Endpoint, await Session.Current.EndpointsAsync(), Session.Time));
    }
}
