using Preheat;
using Preheat.Runs;

/// <summary>What runs, in which order. How each step works is in src/Preheat.</summary>
sealed class Build : NukeBuild, IVerify, IDoctor, IStatus, IRollback, ITeardown, ILocalCloudDown, ITest, IBenchmark, IKillTest, IClusterTest
{
    public static int Main() => Execute<Build>(x => ((IVerify)x).Verify);

    protected override void OnBuildCreated()
    {
        Session.Begin(this);
        // The bundled engine asks this for each target of --plan; receipts answer, without network.
        AppContext.SetData("preheat.plan", (Func<string, string?>)Explain);
        // It also asks this before anything runs, and tells the answer together with what it finds wrong itself.
        AppContext.SetData("preheat.check", (Func<string[], string[]>)WrongValues);
        // Beside these it runs nothing: they measure, remove, or look at what the others make.
        AppContext.SetData("preheat.exclusive", new[] { "LoadTest", "Test", "Benchmark", "Doctor", "Status", "Rollback", "Teardown", "LocalCloudDown", "KillTest", "ClusterTest" });
    }

    /// <summary>All wrong values are told before anything runs.</summary>
    protected override void OnBuildInitialized()
    {
        if (WrongValues([.. ExecutionPlan.Select(target => target.Name)]) is not { Length: > 0 } wrong)
            return;
        // Nuke does not ask the exception for the exit code.
        ExitCode = 2;
        throw new UserException(string.Join('\n', wrong));
    }

    /// <summary>What is wrong with the values that these targets read.</summary>
    private string[] WrongValues(string[] targets)
    {
        var wrong = new List<string>();
        if (!targets.Intersect(["Doctor", "ResolveModel", "Status", "Rollback", "Teardown"]).Any())
            return [];
        Check(wrong, () => _ = Session.Current.Deployment);
        Check(wrong, () => _ = ((IHazCloud)this).CloudOptions);
        if (targets.Contains("Deploy") && wrong.Count == 0)
            Check(wrong, Session.Current.CheckPlace);
        if (targets.Contains("BakeImage"))
            Check(wrong, () => ((IBakeImage)this).CheckImageBuild(targets.Contains("RenderManifests")));
        if (targets.Contains("Deploy"))
            Check(wrong, () => _ = ((IDeploy)this).Strategy);
        if (targets.Contains("Deploy") || targets.Contains("Rollback"))
            Check(wrong, () => _ = ((IDeploy)this).Timeouts);
        if (targets.Contains("LoadTest"))
            Check(wrong, () => _ = ((ILoadTest)this).Load);
        return [.. wrong];
    }

    protected override void OnBuildFinished() => Session.Current.Finish(
        [.. ExecutionPlan.Select(target => new TargetResult(target.Name, target.Status.ToString(), Math.Round(target.Duration.TotalSeconds, 3), target.SummaryInformation.ToDictionary(pair => pair.Key, pair => pair.Value)))]);

    private static void Check(List<string> wrong, Action read)
    {
        try
        {
            read();
        }
        catch (UserException exception)
        {
            wrong.Add(exception.Message);
        }
    }

    /// <summary>What the step of a target reads; null when it is none.</summary>
    public StepInputs? InputsOf(string target) => target switch
    {
        nameof(IResolveModel.ResolveModel) => ((IResolveModel)this).ResolveInputs,
        nameof(IBakeImage.BakeImage) => ((IBakeImage)this).BakeInputs,
        nameof(IRenderManifests.RenderManifests) => ((IRenderManifests)this).RenderInputs,
        nameof(IDeploy.Deploy) => ((IDeploy)this).DeployInputs,
        nameof(ISmokeTest.SmokeTest) => ((ISmokeTest)this).SmokeInputs,
        nameof(ILoadTest.LoadTest) => ((ILoadTest)this).LoadInputs,
        _ => null,
    };

    private string? Explain(string target) =>
        target == nameof(ILoadTest.LoadTest) || InputsOf(target) is not { } inputs ? null : Step.Explain(Session.Receipts(Session.Current.Deployment, ((IHazDeployment)this).Artifacts), inputs);
}
