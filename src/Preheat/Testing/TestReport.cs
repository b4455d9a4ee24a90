namespace Preheat.Testing;

/// <summary>One test that did not pass.</summary>
/// <param name="Name">The test's full name, with its arguments.</param>
/// <param name="Reason">Why, shortened; for a skipped test that it was skipped.</param>
public sealed record TestFailure(string Name, string Reason);

/// <summary>What the tests of one project came to.</summary>
/// <param name="Name">The project's name.</param>
/// <param name="Passed">Tests that ran and passed.</param>
/// <param name="Failed">Tests that ran and did not pass.</param>
/// <param name="Skipped">Tests that did not run. They count as failed: a skipped test would hide, say, a missing tool.</param>
/// <param name="Failures">One entry per failed or skipped test.</param>
/// <param name="Problem">What was wrong with the run itself (it crashed, ran no test, left no results); null when nothing was.</param>
public sealed record ProjectTests(string Name, int Passed, int Failed, int Skipped, IReadOnlyList<TestFailure> Failures, string? Problem)
{
    /// <summary>The run's time in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>A project with a problem that no failed test accounts for counts as one failure.</summary>
    internal int Misses => Math.Max(Failed + Skipped, Problem is null ? 0 : 1);
}

/// <summary>What all test projects came to.</summary>
public sealed record TestReport(IReadOnlyList<ProjectTests> Projects)
{
    public int Passed => Projects.Sum(p => p.Passed);

    /// <summary>Failed and skipped tests, and projects whose run broke without one.</summary>
    public int Failed => Projects.Sum(p => p.Misses);

    public int Skipped => Projects.Sum(p => p.Skipped);

    /// <summary>True when at least one test ran and everything passed.</summary>
    public bool Succeeded => Passed > 0 && Failed == 0;

    /// <summary>The counts as one line: <c>N passed, N failed</c>.</summary>
    public string Summary => $"{Passed} passed, {Failed} failed";
}
