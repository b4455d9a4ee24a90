using Preheat;
using Preheat.Images;
using Preheat.Kubernetes;
using Preheat.Manifests;
using Preheat.Runs;

interface IDeploy : IRenderManifests
{
    [Parameter("Print what Deploy would change against what runs, and apply nothing")]
    bool Diff => TryGetValue<bool?>(() => Diff) ?? false;

    [Parameter("Take over fields of the applied objects that belong to somebody else")]
    bool ForceConflicts => TryGetValue<bool?>(() => ForceConflicts) ?? false;

    [Parameter("Leave a revision that failed as it is, in place of going back to the last good one")]
    bool NoRollback => TryGetValue<bool?>(() => NoRollback) ?? false;

    [Parameter("How new pods get their GPU: surge (default) before the old ones end, recreate: after", Name = "Rollout", ValueProviderType = typeof(IDeploy), ValueProviderMember = nameof(Strategies))]
    string? RolloutStrategyName => TryGetValue(() => RolloutStrategyName);

    [Parameter("Time limits of a roll-out's phases: node, image, container, weights, ready, first-token as PHASE=DURATION, or a DURATION for the whole - default follows from the expected cold start")]
    string[]? RolloutTimeout => TryGetValue(() => RolloutTimeout);

    /// <summary>What is allowed: for the help, for completion, and to be checked.</summary>
    static IEnumerable<string> Strategies => ["surge", "recreate"];

    /// <summary>The strategy as asked for.</summary>
    RolloutStrategy Strategy
    {
        get
        {
            var read = Session.Reader();
            var name = read.OneOf("--rollout", RolloutStrategyName, "surge", [.. Strategies]);
            read.ThrowIfWrong();
            return name == "recreate" ? RolloutStrategy.Recreate : RolloutStrategy.Surge;
        }
    }

    /// <summary>The time limits as asked for.</summary>
    RolloutTimeouts Timeouts
    {
        get
        {
            var read = Session.Reader();
            var timeouts = RolloutTimeouts.Parse(RolloutTimeout, read);
            read.ThrowIfWrong();
            return timeouts;
        }
    }

    /// <summary>What the step reads.</summary>
    StepInputs DeployInputs => new(nameof(Deploy), 2, new { Session.Current.Deployment.Name }, nameof(RenderManifests));

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
            var request = new DeployRequest
            {
                Deployment = session.Deployment,
                Manifests = receipts.Output<ManifestSet>(nameof(RenderManifests))!,
                ManifestsDirectory = RenderedManifests,
                Image = image,
                HubToken = HubToken,
                ForceConflicts = ForceConflicts,
                NoRollback = NoRollback,
                Strategy = Strategy,
                Timeouts = Timeouts,
                Previous = receipts.Output<Rollout>(nameof(Deploy)),
            };
            if (Diff)
            {
                Show(await Rollouts.DiffAsync(request, endpoints, session.Events, Session.Time, cancellation));
                return;
            }
            var rollout = await Step.RunAsync(
                session.Steps,
                DeployInputs,
                (known, token) => Rollouts.ProbeAsync(known, request, endpoints, session.Events, Session.Time, token),
                token => Rollouts.DeployAsync(request, endpoints, session.Events, Session.Time, token),
                cancellation);
            foreach (var line in rollout.ColdStartBars())
                Log.Information("{Line:l}", line);
            ReportSummary(_ => _
                .AddPair("Revision", rollout.Revision)
                .AddPair("Cold start", rollout.ColdStartText()));
        }));

    private static void Show(string differences)
    {
        if (differences.Length == 0)
            Log.Information("Deploy would change nothing.");
        foreach (var line in differences.TrimEnd('\n').Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Log.Information("{Line:l}", line);
        if (differences.Length > 0)
            Log.Information("Nothing was applied. Leave --diff out to deploy.");
    }

    /// <summary>A connection to what <see cref="Deploy"/> left running.</summary>
    async Task<(Rollout Rollout, ServingConnection Connection)> ConnectAsync()
    {
        var rollout = Session.Current.Steps.Receipts.Output<Rollout>(nameof(Deploy))
            ?? throw new UserException("Nothing is deployed. Run './build.sh Deploy' first.");
        return (rollout, ServingConnection.Open(rollout.Endpoint, await Session.Current.EndpointsAsync(), Session.Time));
    }
}
