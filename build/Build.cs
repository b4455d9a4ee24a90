using Preheat.Runs;

/// <summary>What runs, in which order. How each step works is in src/Preheat.</summary>
sealed class Build : NukeBuild, IRenderManifests, IDoctor, ILocalCloudDown
{
    public static int Main() => Execute<Build>(x => ((IRenderManifests)x).RenderManifests);

    protected override void OnBuildInitialized() => Session.Begin(this);

    protected override void OnBuildFinished() => Session.Current.Finish(
        [.. ExecutionPlan.Select(target => new TargetResult(target.Name, target.Status.ToString(), target.Duration.TotalSeconds))]);
}
