using Preheat.Runs;

/// <summary>What runs, in which order. How each step works is in src/Preheat.</summary>
sealed class Build : NukeBuild, IVerify, IDoctor, IStatus, ITeardown, ILocalCloudDown, ITest
{
    public static int Main() => Execute<Build>(x => ((IVerify)x).Verify);

    protected override void OnBuildInitialized() => Session.Begin(this);

    protected override void OnBuildFinished() => Session.Current.Finish(
        [.. ExecutionPlan.Select(target => new TargetResult(target.Name, target.Status.ToString(), target.Duration.TotalSeconds))]);
}
