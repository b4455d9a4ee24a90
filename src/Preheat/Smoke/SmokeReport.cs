namespace Preheat.Smoke;

/// <summary>One thing that was tried at the endpoint.</summary>
/// <param name="Name">What must hold: <c>/v1/models lists the served model</c>.</param>
/// <param name="Passed">Whether it held.</param>
/// <param name="Detail">What was seen, or what was asked and answered when it did not hold; cut short.</param>
/// <param name="Seconds">Wall time of the check.</param>
public sealed record SmokeCheck(string Name, bool Passed, string Detail, double Seconds);

/// <summary>What the smoke test saw.</summary>
public sealed record SmokeReport
{
    /// <summary>In the order they ran.</summary>
    public required IReadOnlyList<SmokeCheck> Checks { get; init; }

    /// <summary>Version that the server states; null when it states none.</summary>
    public string? ServerVersion { get; init; }

    public required string ServedModelName { get; init; }

    /// <summary>Wall time of the whole test.</summary>
    public required double Seconds { get; init; }

    /// <summary>True when every check passed.</summary>
    public bool Passed => Checks.All(check => check.Passed);
}

/// <summary>At least one smoke check failed; the message lists them.</summary>
public sealed class SmokeTestFailedException(SmokeReport report) : PreheatException(Describe(report))
{
    public SmokeReport Report { get; } = report;

    private static string Describe(SmokeReport report)
    {
        var failed = report.Checks.Where(check => !check.Passed).ToList();
        return $"{failed.Count} of {report.Checks.Count} smoke checks failed for the served model '{report.ServedModelName}':\n"
            + string.Join('\n', failed.Select(check => $"  {check.Name}: {check.Detail}"))
            + "\nLook at the server's log, mend the deployment and run SmokeTest again.";
    }
}
