namespace Preheat.Testing.Kills;

/// <summary>How a kill test runs.</summary>
public sealed record KillOptions
{
    /// <summary>The repository's root, where <c>build.sh</c> is.</summary>
    public required string Root { get; init; }

    /// <summary>Folder for the places of the runs; those of good runs are removed.</summary>
    public required string Folder { get; init; }

    /// <summary>Runs that are killed. The default value is 300.</summary>
    public int Kills { get; init; } = 300;

    /// <summary>Seed of the kill points. The default value is 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>What is killed.</summary>
public enum KillVictim
{
    /// <summary>The build with its whole process group.</summary>
    Build,

    /// <summary>The embedded cloud; the build goes on and ends as it can.</summary>
    Cloud,

    /// <summary>The embedded cloud, and then the build.</summary>
    Both,
}

/// <summary>When and what to kill.</summary>
/// <param name="Target">The target during which it happens; empty for the time before the first one.</param>
/// <param name="Fraction">How far into that target, as a share of the time that it took undisturbed.</param>
public sealed record KillPoint(int Number, string Target, double Fraction, KillVictim Victim)
{
    private const double CloudShare = 0.15;
    private const double BothShare = 0.15;

    /// <summary>Points spread over the targets and over their time. The same seed gives the same points.</summary>
    public static IReadOnlyList<KillPoint> Choose(int count, int seed, IReadOnlyList<string> targets)
    {
        var random = new Random(seed);
        var strata = targets.Prepend("").ToArray();
        return [.. Enumerable.Range(1, count).Select(number =>
        {
            // Every target gets its turn before one gets a second.
            if ((number - 1) % strata.Length == 0)
                random.Shuffle(strata);
            var target = strata[(number - 1) % strata.Length];
            var (fraction, choice) = (random.NextDouble(), random.NextDouble());
            // Before the first target there may be no cloud yet.
            return new KillPoint(number, target, fraction, target.Length == 0 || choice > CloudShare + BothShare ? KillVictim.Build : choice > CloudShare ? KillVictim.Both : KillVictim.Cloud);
        })];
    }
}

/// <summary>One run that was killed, and the one after it.</summary>
/// <param name="Hit">True when the victim was killed before it ended by itself.</param>
/// <param name="During">The target that ran at that moment; empty before the first one.</param>
/// <param name="FinishedBefore">Steps whose receipts were there at that moment.</param>
/// <param name="Commits">Blobs and manifests that the registry took, of both runs.</param>
/// <param name="ResumeSeconds">Wall time of the second run.</param>
/// <param name="Violations">What did not hold; empty for a good run.</param>
public sealed record KillOutcome(KillPoint Point, bool Hit, string During, int FinishedBefore, int Commits, double ResumeSeconds, IReadOnlyList<string> Violations);
