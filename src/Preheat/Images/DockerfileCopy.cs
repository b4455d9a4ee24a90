using System.Globalization;
using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>Reads <c>COPY --from=weights [--chown=UID:GID] [--chmod=MODE] [--link] / PATH</c> and <c>COPY &lt;&lt;EOF PATH</c>.</summary>
/// <remarks>Dockerfile reference, "COPY". What the built-in builder cannot know (names in the base image's /etc/passwd, other stages) is refused.</remarks>
internal static class DockerfileCopy
{
    /// <param name="rest">What follows COPY.</param>
    /// <param name="expand">Removes quotes and replaces variables.</param>
    /// <param name="absolute">Makes a path absolute against the working directory.</param>
    /// <exception cref="FormatException">It is no copy of the model.</exception>
    public static ModelPlacement Read(string rest, char escape, Func<string, string> expand, Func<string, string> absolute)
    {
        var words = DockerfileWords.Split(rest, escape);
        var flags = Flags(words);
        var paths = words.Skip(flags.Count).Select(expand).ToList();
        if (rest.IndexOf('[', StringComparison.Ordinal) is >= 0 and var bracket && words.Count > flags.Count && words[flags.Count].StartsWith('[')
            && DockerfileCommand.TryExecForm(rest[bracket..]) is { } array)
            paths = [.. array.Select(word => expand(word!.GetValue<string>()))];

        var (fromWeights, placement) = Follow(flags, expand);
        if (!fromWeights)
            throw OtherSource();
        if (paths is not [var source, var target])
            throw new FormatException($"write COPY --from={ImageRecipe.WeightsStage} / PATH");
        // The stage's root is the model, so that docker's --build-context weights=DIR can take its place.
        if (source is not ("/" or "." or "/." or "./"))
            throw new FormatException($"the built-in builder copies the whole stage {ImageRecipe.WeightsStage}, which holds the model at its root: write / as the source");
        var path = absolute(target);
        if (path == "/")
            throw new FormatException($"'{target}' is no place for a model; write a path like /models/name");
        return placement with { Path = path };
    }

    /// <summary>The files that a copy of here-documents makes.</summary>
    /// <exception cref="FormatException">It names other sources too, or no place for the files.</exception>
    public static IReadOnlyList<ImageText> ReadTexts(
        DockerfileInstruction copy, char escape, Func<string, string> expand, Func<string, string> expandText, Func<string, string> absolute)
    {
        var words = DockerfileWords.Split(copy.Rest, escape);
        var flags = Flags(words);
        if (flags.Exists(flag => flag.StartsWith("--from", StringComparison.Ordinal)))
            throw new FormatException("here-documents come from no stage; leave --from out");
        var (_, placement) = Follow(flags, expand);
        var sources = words.Count - flags.Count - 1;
        if (sources != copy.Documents.Count || !words.Skip(flags.Count).Take(sources).All(word => word.StartsWith("<<", StringComparison.Ordinal)))
            throw new FormatException("here-documents stand alone before the path: write COPY <<EOF PATH");
        var target = expand(words[^1]);
        var path = absolute(target);
        var isDirectory = target is "." || target.EndsWith('/') || target.EndsWith("/.", StringComparison.Ordinal);
        if (path == "/" && !isDirectory)
            throw new FormatException($"'{target}' is no place for a file; write a path like /etc/name.conf");
        if (sources > 1 && !isDirectory)
            throw new FormatException($"several here-documents go into a directory: write {target}/");
        return [.. copy.Documents.Select(document => new ImageText(
            isDirectory ? $"{path.TrimEnd('/')}/{document.Name}" : path,
            document.Expands ? expandText(document.Text) : document.Text,
            new TarAttributes(placement.Owner, placement.Group, placement.Mode)))];
    }

    /// <summary>Numeric user and group; a user alone is the group, too.</summary>
    /// <exception cref="FormatException">A name: the base image's /etc/passwd is not read.</exception>
    public static (int Owner, int Group) ReadOwner(string text)
    {
        var parts = text.Split(':');
        return parts.Length <= 2 && Number(parts[0]) is { } owner && Number(parts[^1]) is { } group
            ? (owner, group)
            : throw new FormatException($"'{text}' needs the base image's /etc/passwd, which the built-in builder does not read; write numbers like 1000:1000, or use --image-builder docker");
    }

    private static List<string> Flags(IEnumerable<string> words) => [.. words.TakeWhile(word => word.StartsWith("--", StringComparison.Ordinal))];

    private static (bool FromWeights, ModelPlacement Placement) Follow(IEnumerable<string> flags, Func<string, string> expand)
    {
        var placement = new ModelPlacement("");
        var fromWeights = false;
        foreach (var flag in flags)
        {
            var (name, value) = DockerfileWords.SplitPair(flag);
            (fromWeights, placement) = (name, value is null ? null : expand(value)) switch
            {
                ("--from", ImageRecipe.WeightsStage) => (true, placement),
                ("--from", _) => throw OtherSource(),
                ("--chown", { } owner) => (fromWeights, WithOwner(placement, owner)),
                ("--chmod", { } mode) => (fromWeights, placement with { Mode = Mode(mode) }),
                ("--link", null or "true") => (fromWeights, placement),
                _ => throw new FormatException($"the built-in builder does not know {flag}; use --image-builder docker"),
            };
        }
        return (fromWeights, placement);
    }

    private static ModelPlacement WithOwner(ModelPlacement placement, string text)
    {
        var (owner, group) = ReadOwner(text);
        return placement with { Owner = owner, Group = group };
    }

    private static UnixFileMode Mode(string text) => text.Length is 3 or 4 && !text.AsSpan().ContainsAnyExceptInRange('0', '7')
        ? (UnixFileMode)Convert.ToInt32(text, 8)
        : throw new FormatException($"--chmod={text} is no octal mode such as 0755; symbolic modes need --image-builder docker");

    private static FormatException OtherSource() => new($"the built-in builder copies from the stage {ImageRecipe.WeightsStage} only; use --image-builder docker");

    // What a tar header of seven octal digits holds.
    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= 0x1FFFFF ? value : null;
}
