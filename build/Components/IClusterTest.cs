using Preheat;
using Preheat.Testing;
using Preheat.Testing.Clusters;

interface IClusterTest : INukeBuild
{
    [Parameter("Folder with kube-apiserver, kube-controller-manager and kube-scheduler for ClusterTest - default is built from Debian's source")]
    AbsolutePath? ControlPlane => TryGetValue(() => ControlPlane);

    Target ClusterTest => _ => _
        .Description("For developers: run what talks to Kubernetes against a real control plane")
        .Executes(() => Session.Current.RunAsync(nameof(ClusterTest), "would build a control plane and run the cluster tests against it", async cancellation =>
        {
            if (ControlPlane is not null && !(ControlPlane / "kube-apiserver").FileExists())
                throw new UserException($"--control-plane {ControlPlane}: there is no kube-apiserver in it.");
            var folder = ControlPlane ?? await new ControlPlaneBuild(TemporaryDirectory / "control-plane", Session.Current.Events, Session.Time).EnsureAsync(cancellation);
            var machinery = await new ApiMachineryBuild(TemporaryDirectory / "control-plane", RootDirectory / "tests" / "ApiServer", Session.Current.Events, Session.Time).EnsureAsync(cancellation);
            var run = new TestRun(RootDirectory, RootDirectory / "artifacts" / "cluster-test-results", Session.Current.Events, Session.Time);
            var report = await run.RunAsync("tests/Preheat.ClusterTests/Preheat.ClusterTests.csproj", new Dictionary<string, string> { ["PREHEAT_CONTROL_PLANE"] = folder, ["PREHEAT_API_MACHINERY"] = machinery }, cancellation);
            ReportSummary(_ => _.AddPair("Tests", report.Summary));
        }));
}
