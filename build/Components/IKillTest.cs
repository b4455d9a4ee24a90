using Preheat;
using Preheat.Testing.Kills;

interface IKillTest : IHazDeployment
{
    [Parameter("How many runs KillTest kills - default is 300")]
    int? Kills => TryGetValue<int?>(() => Kills);

    [Parameter("Seed of the points at which KillTest kills - default is 1")]
    int? Seed => TryGetValue<int?>(() => Seed);

    Target KillTest => _ => _
        .Description("For developers: kill Verify at random points and check that the next run completes it")
        .Executes(() => Session.Current.RunAsync(nameof(KillTest), "would run and kill the build in folders of its own", async cancellation =>
        {
            if (Kills is < 1)
                throw new UserException($"--kills {Kills} is out of range: at least 1.");
            var options = new KillOptions { Root = RootDirectory, Folder = TemporaryDirectory / "kill-test", Kills = Kills ?? 300, Seed = Seed ?? 1 };
            var outcomes = await new KillTest(options, Session.Current.Events, Session.Time).RunAsync(cancellation);
            ReportSummary(_ => _.AddPair("Killed", $"{outcomes.Count(outcome => outcome.Hit)} of {outcomes.Count} runs, all completed"));
        }));
}
