using Preheat;
using Preheat.Doctor;
using Preheat.LocalCloud;

interface IDoctor : IHazCloud
{
    Target Doctor => _ => _
        .Description("Check every prerequisite, each failure with its remedy")
        .Executes(() => Session.Current.RunAsync(nameof(Doctor), "would check the prerequisites, with a file made in and removed from each folder", async cancellation =>
        {
            var findings = await Prerequisites.CheckAsync(
                new DoctorRequest(
                    Session.Current.Deployment.Model,
                    new Dictionary<string, string> { ["artifacts"] = Artifacts, ["embedded cloud's state"] = CloudState },
                    LocalCloud.Find(CloudState) is not null,
                    HubAddress,
                    HubToken),
                cancellation);
            foreach (var finding in findings)
            {
                if (finding.Passed)
                    Log.Information("ok    {Name}: {Detail}", finding.Name, finding.Detail);
                else
                    Log.Error("wrong {Name}: {Detail} {Remedy}", finding.Name, finding.Detail, finding.Remedy);
            }
            var wrong = findings.Count(finding => !finding.Passed);
            ReportSummary(_ => _.AddPair("Checks", $"{findings.Count - wrong} of {findings.Count} passed"));
            if (wrong > 0)
                throw new UserException($"{wrong} of {findings.Count} prerequisites are not met; the lines above say what to do.");
        }));
}
