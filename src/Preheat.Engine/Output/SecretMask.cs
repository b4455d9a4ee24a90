using System.Text;

namespace Nuke.Common.Output;

/// <summary>Replaces every occurrence of a secret by <c>***</c>, also where it is escaped or broken over lines.</summary>
internal sealed class SecretMask
{
    /// <summary>What stands for a secret.</summary>
    public const string Mask = "***";

    /// <summary>A shorter line of a secret of several lines (a brace, a quote) gives nothing away, and masking it would spoil everything.</summary>
    private const int ShortestLine = 4;

    private readonly Lock _lock = new();
    private volatile string[] _secrets = [];

    public void Add(IEnumerable<string> secrets)
    {
        lock (_lock)
        {
            // The longest first: a secret may be part of another one.
            _secrets = [.. _secrets.Concat(secrets.SelectMany(Forms)).Where(form => form.Length > 0).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];
        }
    }

    public string Apply(string text)
    {
        foreach (var secret in _secrets)
        {
            text = Replace(text, secret);
        }

        return text;
    }

    /// <summary>As an URL has it (the characters beyond ASCII) and as a Kubernetes secret has it; the rest <see cref="SecretMatch"/> understands.</summary>
    private static IEnumerable<string> Forms(string secret)
    {
        yield return secret.Trim();
        if (!System.Text.Ascii.IsValid(secret))
        {
            yield return Uri.EscapeDataString(secret);
        }

        if (secret.Length >= ShortestLine)
        {
            yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=');
        }

        foreach (var line in secret.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length >= ShortestLine))
        {
            yield return line;
        }
    }

    private static string Replace(string text, string secret)
    {
        StringBuilder? masked = null;
        var copied = 0;
        for (var start = SecretMatch.Next(text, 0, secret); start >= 0; start = SecretMatch.Next(text, start, secret))
        {
            if (SecretMatch.EndAt(text, start, secret) is { } end)
            {
                (masked ??= new StringBuilder()).Append(text, copied, start - copied).Append(Mask);
                    copied = start = end;
            }
            else
            {
                start++;
            }
        }

        return masked is null ? text : masked.Append(text, copied, text.Length - copied).ToString();
    }
}
