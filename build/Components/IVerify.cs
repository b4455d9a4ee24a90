using Preheat.Images;
using Preheat.Kubernetes;
using Preheat.Load;
using Preheat.Models;
using Preheat.Reports;
using Preheat.Runs;
using Preheat.Smoke;

interface IVerify : ILoadTest
{
    Target Verify => _ => _
        .Description("The whole way from a model to a tested endpoint, with a report to look at")
        .DependsOn(SmokeTest, LoadTest)
        .OnlyWhenStatic(() => !Diff)
        .Executes(() => Session.Current.RunAsync(nameof(Verify), _ =>
        {
            var report = WriteReport();
            ReportSummary(_ => _.AddPair("Report", Path.GetRelativePath(RootDirectory, report)));
            return Task.CompletedTask;
        }));

    /// <summary>Writes <c>report.html</c> from the receipts and returns its path.</summary>
    private string WriteReport()
    {
        var steps = Session.Current.Steps;
        var receipts = steps.Receipts;
        var load = LoadFile("load.json");
        var path = Path.Combine(receipts.Directory, "report.html");
        if (Session.Current.DryRun is { } dryRun)
        {
            dryRun.Write(path, "the report");
            return path;
        }
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(HtmlReport.Render(new ReportContent
        {
            Deployment = receipts.Deployment,
            Started = Session.Current.StartedAt,
            Ended = Session.Time.GetUtcNow(),
            Model = receipts.Output<ModelSnapshot>(nameof(ResolveModel)),
            Image = receipts.Output<ServingImage>(nameof(BakeImage)),
            Rollout = receipts.Output<Rollout>(nameof(Deploy)),
            Smoke = receipts.Output<SmokeReport>(nameof(SmokeTest)),
            Load = File.Exists(load) ? LoadReport.FromJson(File.ReadAllText(load)) : null,
            Steps = [.. steps.Outcomes.Select(step => new ReportStep(step.Target, step.UpToDate ? "up to date" : "done", step.Seconds, step.Reason))],
        })));
        return path;
    }
}
