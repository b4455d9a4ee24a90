namespace Nuke.Common.Output;

/// <summary>Something to print: a text of one or more lines, or an annotation.</summary>
/// <param name="Command">GitHub's workflow command (<c>warning</c>, <c>error</c>, <c>group</c>, …); null for plain text.</param>
internal readonly record struct OutputLine(string Text, Tone Tone = Tone.Plain, string? Command = null)
{
    /// <summary>What stands before the text, such as the time; a live row has no room for it.</summary>
    public string Prefix { get; init; } = string.Empty;
}
