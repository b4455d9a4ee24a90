namespace Nuke.Common.Parameters;

/// <summary>What one source says about one parameter, not yet converted.</summary>
/// <param name="Texts">No text at all is a bare option.</param>
/// <param name="Source">Where it comes from, for messages: <c>the command line</c>, <c>NUKE_MODEL in the environment</c>, …</param>
/// <param name="BaseDirectory">What relative paths are relative to.</param>
internal sealed record RawValue(IReadOnlyList<string> Texts, string Source, string BaseDirectory)
{
    /// <summary><see cref="Source"/> of what is typed.</summary>
    public const string CommandLine = "the command line";

    /// <summary>Name of the environment variable it comes from; null when it comes from elsewhere.</summary>
    public string? Variable { get; init; }

    /// <summary>A bare environment name may mean something else: a value that does not convert is ignored with a warning.</summary>
    public bool MayBeMeantForOthers { get; init; }
}
