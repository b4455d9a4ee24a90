namespace Nuke.Common.Output;

/// <summary>Replaces every occurrence of a secret by <c>***</c>.</summary>
internal sealed class SecretMask
{
    /// <summary>A shorter line of a secret of several lines (a brace, a quote) gives nothing away, and masking it would spoil everything.</summary>
    private const int ShortestLine = 4;

    private readonly Lock _lock = new();
    private volatile string[] _secrets = [];

    public void Add(IEnumerable<string> secrets)
    {
        lock (_lock)
        {
            _secrets = [.. _secrets.Concat(secrets.SelectMany(Forms)).Where(form => form.Length > 0).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];
        }
    }

    public string Apply(string text)
    {
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return text;
    }

    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret;
        yield return secret.Trim();
        yield return Uri.EscapeDataString(secret);
        foreach (var line in secret.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length >= ShortestLine))
        {
            yield return line;
        }
    }
}
