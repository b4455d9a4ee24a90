using Preheat.Runs;

namespace Preheat.Testing.Kills;

/// <summary>
/// Kills <c>Verify</c> at many points with SIGKILL, each time followed by the same command, and checks that the second run ends as an
/// undisturbed one: same receipts and digests, nothing finished sent or done again, nothing left locked.
/// </summary>
public sealed class KillTest(KillOptions options, IEventSink events, TimeProvider time)
{
    /// <summary>Shards that get a layer of their own, so that there are uploads to interrupt.</summary>
    private const int Shards = 6;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(2);

    private IReadOnlyDictionary<string, string> _expected = new Dictionary<string, string>();
    private IReadOnlyList<string> _tags = [];
    private IReadOnlyDictionary<string, double> _seconds = new Dictionary<string, double>();
    private string _model = "";

    /// <summary>Runs the test and prints its table.</summary>
    /// <exception cref="PreheatException">Something did not hold; the message lists it.</exception>
    public async Task<IReadOnlyList<KillOutcome>> RunAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.Folder);
        _model = SmallModel.Write(Path.Combine(options.Folder, "model"), Shards);
        await MeasureAsync(cancellation);
        var outcomes = new List<KillOutcome>();
        foreach (var point in KillPoint.Choose(options.Kills, options.Seed, [.. _seconds.Keys.Where(target => target.Length > 0)]))
        {
            var outcome = await TryAsync(point, cancellation);
            outcomes.Add(outcome);
            events.Emit(new Note(FormattableString.Invariant(
                $"{point.Number}: {point.Victim} at {point.Fraction:0.00} of {Words(point.Target)}, {(outcome.Hit ? $"killed during {Words(outcome.During)}" : "too late")}; {outcome.FinishedBefore} receipts then; {outcome.Commits} commits; resumed in {outcome.ResumeSeconds:0.0} s; {(outcome.Violations.Count == 0 ? "ok" : string.Join("; ", outcome.Violations))}")));
        }
        Tell(outcomes);
        var violations = outcomes.SelectMany(outcome => outcome.Violations.Select(violation => $"run {outcome.Point.Number}: {violation}")).ToList();
        if (violations.Count > 0)
            throw new PreheatException($"{violations.Count} violations in {outcomes.Count} runs (seed {options.Seed}); their folders are kept in {options.Folder}.\n{string.Join('\n', violations)}");
        Directory.Delete(options.Folder, recursive: true);
        return outcomes;
    }

    private static string Words(string target) => target.Length == 0 ? "the start" : target;

    /// <summary>Two undisturbed runs: the first compiles when need be, the second says how long each target takes.</summary>
    private async Task MeasureAsync(CancellationToken cancellation)
    {
        foreach (var name in new[] { "warm-up", "undisturbed" })
        {
            var place = new KillPlace(Path.Combine(options.Folder, name));
            var started = time.GetUtcNow();
            using var build = place.Start(options, _model);
            if (await build.WaitAsync(Limit, time, cancellation) is not 0)
                throw new PreheatException($"The undisturbed run failed:\n{build.Output}");
            var total = (time.GetUtcNow() - started).TotalSeconds;
            var timeline = place.Timeline();
            _seconds = timeline.ToDictionary(entry => entry.Target, entry => entry.Seconds ?? 0);
            _seconds = _seconds.Prepend(KeyValuePair.Create("", Math.Max(0, total - _seconds.Values.Sum()))).ToDictionary();
            _expected = place.Outputs();
            _tags = [.. place.Tags()];
            place.Delete();
        }
        events.Emit(new Note($"Undisturbed: {string.Join(", ", _seconds.Select(entry => FormattableString.Invariant($"{Words(entry.Key)} {entry.Value:0.0} s")))}."));
    }

    private async Task<KillOutcome> TryAsync(KillPoint point, CancellationToken cancellation)
    {
        var place = new KillPlace(Path.Combine(options.Folder, $"run-{point.Number:000}"));
        try
        {
            return await TryAsync(place, point, cancellation);
        }
        finally
        {
            // Nobody else would end the cloud of a run that is kept, or was interrupted.
            place.EndCloud();
        }
    }

    private async Task<KillOutcome> TryAsync(KillPlace place, KillPoint point, CancellationToken cancellation)
    {
        bool hit;
        string during;
        IReadOnlyList<string> finished;
        var violations = new List<string>();
        using (var build = place.Start(options, _model))
        {
            await WaitForAsync(build, place, point, cancellation);
            hit = !build.HasExited;
            if (point.Victim is not KillVictim.Build && place.Cloud() is { } cloud)
                BuildProcess.KillOne(cloud);
            if (point.Victim is not KillVictim.Cloud)
                build.KillGroup();
            if (await build.WaitAsync(Limit, time, cancellation) is null)
                violations.Add($"without its cloud the build did not end within {Limit.TotalMinutes} minutes");
            during = place.Timeline() is [.., (var target, null)] ? target : place.Timeline().Count == 0 ? "" : "the time between targets";
            finished = place.Receipts();
        }

        var started = time.GetTimestamp();
        using (var again = place.Start(options, _model))
        {
            var code = await again.WaitAsync(Limit, time, cancellation);
            if (code != 0)
                violations.Add($"the second run ended with {(code is null ? "no exit code in time" : $"exit code {code}")}: {Tail(again.Output)}");
        }
        var seconds = time.GetElapsedTime(started).TotalSeconds;
        if (violations.Count == 0)
            Compare(place, point, finished, violations);
        var commits = place.Commits();
        if (violations.Count == 0)
            place.Delete();
        return new KillOutcome(point, hit, during, finished.Count, commits.Count, seconds, violations);
    }

    private async Task WaitForAsync(BuildProcess build, KillPlace place, KillPoint point, CancellationToken cancellation)
    {
        var waiting = time.GetTimestamp();
        while (point.Target.Length > 0 && !build.HasExited && time.GetElapsedTime(waiting) < Limit && !place.Timeline().Any(entry => entry.Target == point.Target))
            await Task.Delay(Poll, time, cancellation);
        var delay = TimeSpan.FromSeconds(point.Fraction * _seconds[point.Target]);
        for (var began = time.GetTimestamp(); !build.HasExited && time.GetElapsedTime(began) < delay;)
            await Task.Delay(Poll, time, cancellation);
    }

    private void Compare(KillPlace place, KillPoint point, IReadOnlyList<string> finished, List<string> violations)
    {
        var outputs = place.Outputs();
        foreach (var name in _expected.Keys.Union(outputs.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (!_expected.TryGetValue(name, out var wanted) || !outputs.TryGetValue(name, out var got) || wanted != got)
                violations.Add($"{name} is not that of an undisturbed run: {outputs.GetValueOrDefault(name, "(none)")} and not {_expected.GetValueOrDefault(name, "(none)")}");
        }
        violations.AddRange(place.Commits().GroupBy(commit => commit, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => $"{same.Key} was sent {same.Count()} times"));
        violations.AddRange(place.Tags().Except(_tags, StringComparer.Ordinal).Select(tag => $"the registry has a tag {tag}"));
        violations.AddRange(place.LeftOvers().Select(rest => $"left over: {rest}"));
        var steps = place.Steps();
        // A load test measures anew; what runs in a cloud that was killed is deployed and asked again.
        string[] repeated = point.Victim is KillVictim.Build ? ["LoadTest"] : ["LoadTest", "Deploy", "SmokeTest"];
        violations.AddRange(finished.Except(repeated, StringComparer.Ordinal).Where(target => !steps.GetValueOrDefault(target)).Select(target => $"{target} was finished, and ran again"));
    }

    private void Tell(IReadOnlyList<KillOutcome> outcomes)
    {
        events.Emit(new Note("killed during            | runs | cloud too | finished steps kept | mean resume"));
        foreach (var group in outcomes.GroupBy(outcome => outcome.Hit ? Words(outcome.During) : "(had ended)").OrderBy(group => group.Key, StringComparer.Ordinal))
            events.Emit(new Note(FormattableString.Invariant(
                $"{group.Key,-24} | {group.Count(),4} | {group.Count(outcome => outcome.Point.Victim is not KillVictim.Build),9} | {group.Sum(outcome => outcome.FinishedBefore),19} | {group.Average(outcome => outcome.ResumeSeconds),8:0.0} s")));
        events.Emit(new Note($"{outcomes.Count} runs, {outcomes.Count(outcome => outcome.Hit)} killed, {outcomes.Sum(outcome => outcome.Commits)} blobs and manifests sent, {outcomes.Sum(outcome => outcome.Violations.Count)} violations (seed {options.Seed})."));
    }

    private static string Tail(string output) => string.Join(" / ", output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] is not ('─' or '═')).TakeLast(20));
}
