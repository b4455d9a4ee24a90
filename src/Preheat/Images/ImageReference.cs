using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Preheat.Images;

/// <summary>A reference to an image: <c>HOST/REPOSITORY[:TAG][@DIGEST]</c>. A value that exists is valid.</summary>
/// <remarks>
/// Grammar and defaults: the reference package of the distribution project (<c>reference/regexp.go</c>, <c>normalize.go</c>): a first part without dot, colon or
/// upper case that is not <c>localhost</c> is no host; then the host is <c>docker.io</c>, and a name of one part gets <c>library/</c>.
/// </remarks>
public readonly partial record struct ImageReference
{
    /// <summary>The host that names without a host mean.</summary>
    public const string DefaultHost = "docker.io";

    /// <summary>The tag that a reference without tag and digest means.</summary>
    public const string DefaultTag = "latest";

    private const int LongestRepository = 255;

    private ImageReference(string host, string repository, string? tag, Digest? digest)
    {
        Host = host;
        Repository = repository;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>Logical host, with its port if it has one: <c>docker.io</c>, <c>us-docker.pkg.dev</c>, <c>localhost:5000</c>.</summary>
    public string Host { get; }

    /// <summary>Path inside the registry: <c>vllm/vllm-openai</c>.</summary>
    public string Repository { get; }

    public string? Tag { get; }

    public Digest? Digest { get; }

    /// <summary><c>HOST/REPOSITORY</c>.</summary>
    public string Name => $"{Host}/{Repository}";

    /// <summary>What the manifest is asked for by: the digest if there is one, else the tag, else <c>latest</c>.</summary>
    public string ManifestName => Digest?.ToString() ?? Tag ?? DefaultTag;

    /// <exception cref="UserException">The text is not a reference.</exception>
    public static ImageReference Parse(string text) =>
        TryParse(text, out var reference)
            ? reference
            : throw new UserException($"'{text}' is not an image reference. Write [HOST/]NAME[:TAG][@sha256:DIGEST], in lower case, for example vllm/vllm-openai:v0.11.1.");

    public static bool TryParse([NotNullWhen(true)] string? text, out ImageReference reference)
    {
        reference = default;
        if (text is null || text.Length > 1024)
            return false;
        Digest? digest = null;
        var rest = text;
        if (rest.IndexOf('@') is >= 0 and var at)
        {
            if (!Images.Digest.TryParse(rest[(at + 1)..], out var parsed))
                return false;
            digest = parsed;
            rest = rest[..at];
        }
        string? tag = null;
        var colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!TagForm().IsMatch(tag))
                return false;
        }
        var (host, repository) = Split(rest);
        if (repository.Length > LongestRepository || !HostForm().IsMatch(host) || !RepositoryForm().IsMatch(repository))
            return false;
        reference = new ImageReference(host, repository, tag, digest);
        return true;
    }

    public ImageReference WithTag(string tag) => Parse($"{Name}:{tag}");

    public ImageReference WithDigest(Digest digest) => new(Host, Repository, null, digest);

    public override string ToString() => $"{Name}{(Tag is null ? "" : ":" + Tag)}{(Digest is { } digest ? "@" + digest : "")}";

    private static (string Host, string Repository) Split(string name)
    {
        var slash = name.IndexOf('/');
        var first = slash < 0 ? "" : name[..slash];
        if (slash >= 0 && (first.AsSpan().ContainsAny(".:") || first == "localhost" || first.Any(char.IsAsciiLetterUpper)))
            return first is "index.docker.io" or DefaultHost ? (DefaultHost, Official(name[(slash + 1)..])) : (first, name[(slash + 1)..]);
        return (DefaultHost, Official(name));
    }

    private static string Official(string name) => name.Contains('/') ? name : "library/" + name;

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z", RegexOptions.CultureInvariant)]
    internal static partial Regex TagForm();

    [GeneratedRegex(@"^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*(?::[0-9]{1,5})?\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex HostForm();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex RepositoryForm();
}
