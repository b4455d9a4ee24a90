namespace Nuke.Common.Parameters;

/// <summary>What one source says about one parameter, not yet converted.</summary>
/// <param name="Texts">No text at all is a bare option.</param>
/// <param name="Source">Where it comes from, for messages: <c>the command line</c>, <c>NUKE_MODEL in the environment</c>, …</param>
/// <param name="BaseDirectory">What relative paths are relative to.</param>
internal sealed record RawValue(IReadOnlyList<string> Texts, string Source, string BaseDirectory)
{
    /// <summary>A bare environment name may mean something else: a value that does not convert is ignored with a warning.</summary>
    public bool MayBeMeantForOthers { get; init; }
}
