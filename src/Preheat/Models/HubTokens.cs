namespace Preheat.Models;

/// <summary>Finds the hub's token where the hub's own command line looks for it and keeps it (huggingface_hub, <c>utils/_auth.py</c> and <c>constants.py</c>).</summary>
public static class HubTokens
{
    private const int Longest = 4096;

    /// <summary>
    /// The first of: the option, <c>HF_TOKEN</c>, <c>HUGGING_FACE_HUB_TOKEN</c>, then a file: <c>HF_TOKEN_PATH</c>, <c>$HF_HOME/token</c>,
    /// <c>$XDG_CACHE_HOME/huggingface/token</c>, <c>~/.cache/huggingface/token</c>. With <c>HF_HUB_DISABLE_IMPLICIT_TOKEN=1</c> no file is looked for.
    /// </summary>
    /// <param name="option">The value of <c>--hf-token</c>, wherever it was set.</param>
    /// <returns>Null when there is none: public models need none.</returns>
    /// <exception cref="UserException">A token that no hub gives out (white space or control characters inside), or a file that cannot be read; the token is not told.</exception>
    public static Secret? Find(string? option, Func<string, string?> environment)
    {
        if (Clean(option) is { } given)
            return Checked(given, given == Clean(environment("HF_TOKEN")) ? "HF_TOKEN" : "--hf-token");
        foreach (var name in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
        {
            if (Clean(environment(name)) is { } set)
                return Checked(set, name);
        }
        if (environment("HF_HUB_DISABLE_IMPLICIT_TOKEN")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE")
            return null;
        return PathOf(environment) is { } path && Clean(Read(path)) is { } kept ? Checked(kept, path) : null;
    }

    /// <summary>Where the hub's command line keeps the token; null without a home folder.</summary>
    private static string? PathOf(Func<string, string?> environment)
    {
        if (Clean(environment("HF_TOKEN_PATH")) is { } path)
            return Expanded(path, environment);
        if (Clean(environment("HF_HOME")) is { } home)
            return Path.Combine(Expanded(home, environment), "token");
        if (Clean(environment("XDG_CACHE_HOME")) is { } cache)
            return Path.Combine(Expanded(cache, environment), "huggingface", "token");
        return Home(environment) is { } user ? Path.Combine(user, ".cache", "huggingface", "token") : null;
    }

    private static string Expanded(string path, Func<string, string?> environment) =>
        path.StartsWith("~/", StringComparison.Ordinal) && Home(environment) is { } user ? Path.Combine(user, path[2..]) : path;

    private static string? Home(Func<string, string?> environment) => Clean(environment("HOME")) ?? Clean(environment("USERPROFILE"));

    private static string? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length <= Longest ? File.ReadAllText(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The hub's token file {path} cannot be read: {exception.Message} Make it readable, or pass a token with HF_TOKEN.", exception);
        }
    }

    private static string? Clean(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static Secret Checked(string token, string source) =>
        token.Length <= Longest && token.All(character => character is > ' ' and <= '~')
            ? new Secret(token)
            : throw new UserException($"The token of the model hub from {source} has spaces, line ends or characters outside ASCII inside. Copy it again from the hub's page 'Access Tokens'.");
}
