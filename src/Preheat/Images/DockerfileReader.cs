using System.Text;
using System.Text.RegularExpressions;

namespace Preheat.Images;

/// <summary>Splits a Dockerfile into stages and instructions: comments, continuations, parser directives, here-documents.</summary>
/// <remarks>Dockerfile reference, "Format", "Parser directives", "Here-Documents".</remarks>
public static partial class DockerfileReader
{
    private const int Longest = 1 << 20;

    /// <exception cref="UserException">There is no such file, or it is no Dockerfile; the message names the line.</exception>
    public static async Task<Dockerfile> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > Longest)
                throw new UserException($"{path} has {file.Length:N0} bytes; a Dockerfile has at most {Longest:N0}. Name another file.");
            return Parse(await File.ReadAllTextAsync(path, Encoding.UTF8, cancellation), Path.GetFileName(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The Dockerfile {path} cannot be read: {exception.Message.TrimEnd('.')}. Check the path.", exception);
        }
    }

    /// <exception cref="UserException">The text is no Dockerfile; the message names the line.</exception>
    public static Dockerfile Parse(string text, string fileName)
    {
        var arguments = new List<DockerfileInstruction>();
        var stages = new List<DockerfileStage>();
        var current = new List<DockerfileInstruction>();
        var lines = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        var escape = Directives(lines, fileName);
        foreach (var instruction in Instructions(lines, escape, fileName))
        {
            if (instruction.Keyword == "FROM")
            {
                current = [];
                stages.Add(ReadFrom(instruction, current, fileName));
            }
            else if (stages.Count > 0)
            {
                current.Add(instruction);
            }
            else if (instruction.Keyword == "ARG")
            {
                arguments.Add(instruction);
            }
            else
            {
                throw new UserException($"{fileName}:{instruction.Line}: {instruction.Keyword} stands before the first FROM, where only ARG may. Move it below FROM.");
            }
        }
        return stages.Count > 0 ? new Dockerfile(fileName, arguments, stages, escape) : throw new UserException($"{fileName} has no FROM: it is no Dockerfile.");
    }

    private static DockerfileStage ReadFrom(DockerfileInstruction from, List<DockerfileInstruction> instructions, string fileName)
    {
        var words = from.Rest.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToList();
        words.RemoveAll(word => word.StartsWith("--platform=", StringComparison.Ordinal));
        return words switch
        {
            [var image] => new DockerfileStage(from.Line, image, null, instructions),
            [var image, var with, var name] when with.Equals("AS", StringComparison.OrdinalIgnoreCase) => new DockerfileStage(from.Line, image, name.ToLowerInvariant(), instructions),
            _ => throw new UserException($"{fileName}:{from.Line}: FROM {from.Rest}: write FROM IMAGE or FROM IMAGE AS NAME."),
        };
    }

    private static IEnumerable<DockerfileInstruction> Instructions(string[] lines, char escape, string fileName)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line.StartsWith('#'))
                continue;
            var start = i + 1;
            var whole = new StringBuilder();
            while (true)
            {
                var piece = lines[i].TrimEnd();
                // An escaped escape character continues nothing.
                var goesOn = piece.EndsWith(escape) && !(piece.Length > 1 && piece[^2] == escape);
                whole.Append(goesOn ? piece[..^1] : piece);
                if (!goesOn)
                    break;
                do
                    i++;
                while (i < lines.Length && (lines[i].AsSpan().Trim().StartsWith("#") || string.IsNullOrWhiteSpace(lines[i])));
                if (i >= lines.Length)
                    break;
            }
            var joined = whole.ToString().Trim();
            var space = joined.AsSpan().IndexOfAny(' ', '\t');
            var keyword = (space < 0 ? joined : joined[..space]).ToUpperInvariant();
            var rest = space < 0 ? "" : joined[space..].Trim();
            if (rest.Length == 0)
                throw new UserException($"{fileName}:{start}: {keyword} has no arguments.");
            var documents = new List<HereDocument>();
            if (keyword is "RUN" or "COPY" or "ADD")
                i = ReadHereDocuments(rest, lines, i, fileName, documents);
            yield return new DockerfileInstruction(start, keyword, rest) { Documents = documents };
        }
    }

    /// <summary>Reads the parser directives, which end at the first line that is none; returns the escape character.</summary>
    private static char Directives(string[] lines, string fileName)
    {
        var escape = '\\';
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < lines.Length && DirectiveForm().Match(lines[i].Trim()) is { Success: true } match; i++)
        {
            var (name, value) = (match.Groups["name"].Value, match.Groups["value"].Value);
            if (!seen.Add(name))
                throw new UserException($"{fileName}:{i + 1}: the directive {name} stands twice. Keep one.");
            if (!name.Equals("escape", StringComparison.OrdinalIgnoreCase))
                continue;
            escape = value is "\\" or "`" ? value[0] : throw new UserException($"{fileName}:{i + 1}: the escape character is \\ or `, not {value}.");
        }
        return escape;
    }

    /// <summary>Reads the here-documents that follow a line; returns the number of the last one's end.</summary>
    private static int ReadHereDocuments(string rest, string[] lines, int line, string fileName, List<HereDocument> documents)
    {
        foreach (Match match in HereDocumentForm().Matches(rest))
        {
            var (name, strips) = (match.Groups["word"].Value, match.Groups["strip"].Length > 0);
            var start = line + 1;
            var text = new StringBuilder();
            while (true)
            {
                if (++line >= lines.Length)
                    throw new UserException($"{fileName}:{start}: the here-document {name} is not closed.");
                // <<- takes tabs away, not blanks, from the text and from the word that ends it.
                var piece = strips ? lines[line].TrimStart('\t') : lines[line];
                if (piece == name)
                    break;
                text.Append(piece).Append('\n');
            }
            documents.Add(new HereDocument(name, text.ToString(), match.Groups["quote"].Length == 0));
        }
        return line;
    }

    [GeneratedRegex(@"^#\s*(?<name>syntax|escape|check)\s*=\s*(?<value>\S+)\s*$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex DirectiveForm();

    [GeneratedRegex("""<<(?<strip>-?)(?<quote>["']?)(?<word>[A-Za-z_][A-Za-z0-9_.-]*)["']?""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HereDocumentForm();
}
