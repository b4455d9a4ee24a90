using Preheat.Testing;

interface ITest : IVerify
{
    Target Test => _ => _
        .Description("Build everything and run every test")
        .Before(ResolveModel)
        .Executes(() => Session.Current.RunAsync(nameof(Test), "would build everything into bin and obj folders and run every test, with results in artifacts/test-results", async cancellation =>
        {
            var report = await TestRun.RunAsync(RootDirectory, RootDirectory / "artifacts" / "test-results", Session.Current.Events, Session.Time, cancellation);
            ReportSummary(_ => _.AddPair("Tests", report.Summary));
        }));
}
