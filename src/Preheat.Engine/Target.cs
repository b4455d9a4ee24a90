namespace Nuke.Common;

/// <summary>Defines one target: a property of this type on the build class, or on an interface it implements, is a node of the graph.</summary>
/// <remarks>Targets are matched by delegate equality, so the lambda may capture only <c>this</c>.</remarks>
public delegate ITargetDefinition Target(ITargetDefinition definition);

/// <summary>Defines the target that sets a context up; it triggers the <see cref="Cleanup"/> that the same type declares.</summary>
public delegate ITargetDefinition Setup(ITargetDefinition definition);

/// <summary>Defines the target that takes a context down again, after all that depends on it, also after a failure.</summary>
public delegate ITargetDefinition Cleanup(ITargetDefinition definition);

/// <summary>What happens to the dependencies and triggers of a target that is skipped.</summary>
public enum DependencyBehavior
{
    /// <summary>They are skipped too, unless another scheduled target needs them (default).</summary>
    Skip,

    /// <summary>They run all the same.</summary>
    Execute,
}

/// <summary>How much of the log reaches the console.</summary>
public enum Verbosity
{
    /// <summary>Everything.</summary>
    Verbose,

    /// <summary>All but verbose messages (default).</summary>
    Normal,

    /// <summary>Warnings and errors.</summary>
    Minimal,

    /// <summary>Errors only.</summary>
    Quiet,
}
