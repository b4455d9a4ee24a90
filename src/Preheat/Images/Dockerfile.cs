namespace Preheat.Images;

/// <summary>One instruction.</summary>
/// <param name="Line">Line where it starts, from 1.</param>
/// <param name="Keyword">Upper case.</param>
/// <param name="Rest">What follows, continuations joined.</param>
public sealed record DockerfileInstruction(int Line, string Keyword, string Rest)
{
    /// <summary>The here-documents that its words name, in their order.</summary>
    public IReadOnlyList<HereDocument> Documents { get; init; } = [];
}

/// <summary>A text that stands in the Dockerfile itself, after <c>&lt;&lt;NAME</c>.</summary>
/// <param name="Name">The word that ends it, and the file's name where it is copied into a directory.</param>
/// <param name="Expands">True when variables are replaced: the word is not quoted.</param>
public sealed record HereDocument(string Name, string Text, bool Expands);

/// <summary>A stage: FROM and what follows it.</summary>
/// <param name="From">The image as written, with its variables.</param>
/// <param name="Name">Name given by AS, lower case; null when there is none.</param>
public sealed record DockerfileStage(int Line, string From, string? Name, IReadOnlyList<DockerfileInstruction> Instructions);

/// <summary>A Dockerfile, split into stages; <see cref="DockerfileReader"/> reads it.</summary>
/// <param name="FileName">For messages.</param>
/// <param name="Arguments">The ARG instructions before the first FROM.</param>
/// <param name="Escape">Continues lines and takes a character's meaning away: a backslash, or a grave accent after <c># escape=`</c>.</param>
public sealed record Dockerfile(string FileName, IReadOnlyList<DockerfileInstruction> Arguments, IReadOnlyList<DockerfileStage> Stages, char Escape = '\\')
{
    /// <summary>The stage that becomes the image.</summary>
    public DockerfileStage Final => Stages[^1];

    /// <summary>Follows an instruction; what is wrong with it is said with file and line.</summary>
    internal void Guard(DockerfileInstruction instruction, Action follow)
    {
        try
        {
            follow();
        }
        catch (FormatException exception)
        {
            throw Error(instruction.Line, $"{instruction.Keyword} {instruction.Rest}: {exception.Message}.");
        }
    }

    internal UserException Error(int line, string what) => new($"{FileName}:{line}: {what}");
}
