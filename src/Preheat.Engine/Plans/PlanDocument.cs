namespace Nuke.Common.Plans;

/// <summary>What <c>--plan</c> tells; it holds no secrets.</summary>
/// <param name="Degree">How many targets run at the same time.</param>
/// <param name="Targets">In an order that satisfies the graph.</param>
/// <param name="Parameters">Those with a value, and those that have a default of the build's; in the order of their declaration.</param>
/// <param name="Problems">Why the build would fail before anything runs: what is required and missing, conditions that throw.</param>
internal sealed record PlanDocument(int Degree, IReadOnlyList<PlannedTarget> Targets, IReadOnlyList<PlannedValue> Parameters, IReadOnlyList<string> Problems);

/// <summary>A target of the plan.</summary>
/// <param name="Reason">Why it is in this state, as the end of a sentence; null when there is nothing to say.</param>
/// <param name="IsInvoked">Whether the command line names it, or it is a default target and the command line names none.</param>
/// <param name="Requesters">The targets that depend on it or trigger it.</param>
/// <param name="After">The targets of the plan that end before it starts, without those that another of them implies.</param>
internal sealed record PlannedTarget(
    string Name,
    PlannedState State,
    string? Reason,
    bool IsInvoked,
    IReadOnlyList<string> Requesters,
    IReadOnlyList<string> After);

/// <summary>What becomes of a target.</summary>
internal enum PlannedState
{
    /// <summary>Its actions run.</summary>
    Runs,

    /// <summary>Its turn comes, and it finds what it made before.</summary>
    UpToDate,

    /// <summary>A condition, <c>--skip</c>, or the target that needs it being skipped rules it out.</summary>
    RuledOut,

    /// <summary>It depends on what is not known yet.</summary>
    Decided,

    /// <summary>It has no actions of its own.</summary>
    Collective,

    /// <summary>Its condition throws.</summary>
    Fails,
}

/// <summary>The value of a parameter, and where it comes from.</summary>
/// <param name="Name">The option, without the two dashes.</param>
/// <param name="Value">As text; null when the parameter has none.</param>
internal sealed record PlannedValue(string Name, string? Value, ValueSource Source);

/// <param name="Name">Name of the environment variable or of the parameters file; null otherwise.</param>
internal sealed record ValueSource(ValueSourceKind Kind, string? Name = null)
{
    public override string ToString() => Kind switch
    {
        ValueSourceKind.CommandLine => "from the command line",
        ValueSourceKind.Environment => $"from {Name} in the environment",
        ValueSourceKind.ParametersFile => $"from {Name}",
        _ => "default",
    };
}

/// <summary>Where a value comes from.</summary>
internal enum ValueSourceKind
{
    Default,
    CommandLine,
    Environment,
    ParametersFile,
}
