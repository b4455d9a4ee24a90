using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Preheat.Models;

/// <summary>Where a model's weights live.</summary>
public enum ModelScheme
{
    /// <summary><c>hf://org/name[@revision]</c></summary>
    HuggingFace,

    /// <summary><c>gs://bucket/path</c></summary>
    GoogleStorage,

    /// <summary><c>file:///absolute/path</c></summary>
    File,
}

/// <summary>A reference to a model: <c>hf://org/name@rev</c>, <c>gs://bucket/path</c> or <c>file:///path</c>. A value that exists is valid.</summary>
public readonly partial record struct ModelReference
{
    /// <summary>What a reference may look like, for messages.</summary>
    public const string Forms = "hf://org/name[@revision], gs://bucket/path or file:///path";

    private ModelReference(ModelScheme scheme, string location, string? revision)
    {
        Scheme = scheme;
        Location = location;
        Revision = revision;
    }

    public ModelScheme Scheme { get; }

    /// <summary><c>org/name</c>, <c>bucket/path</c> or the absolute path.</summary>
    public string Location { get; }

    /// <summary>Branch, tag or commit; null means the hub's default branch. Only with <see cref="ModelScheme.HuggingFace"/>.</summary>
    public string? Revision { get; }

    /// <summary>The last part of the location: the model's short name. In a cache of huggingface_hub it is the repository's, not the commit's.</summary>
    public string ShortName => Location.Split('/') switch
    {
        // models--ORG--NAME/snapshots/COMMIT (https://huggingface.co/docs/huggingface_hub/guides/manage-cache)
        [.., var repository, "snapshots", _] when Scheme == ModelScheme.File && repository.StartsWith("models--", StringComparison.Ordinal) => repository.Split("--")[^1],
        [.., var last] => last,
        _ => Location,
    };

    /// <summary>True for a model that the embedded cloud's hub serves: <c>hf://preheat/…</c>.</summary>
    public bool IsEmbedded => Scheme == ModelScheme.HuggingFace && Location.StartsWith("preheat/", StringComparison.Ordinal);

    public static ModelReference Parse(string text) =>
        TryParse(text, out var reference)
            ? reference
            : throw new UserException($"'{text}' is not a model reference. Write {Forms}, for example hf://preheat/tiny-gemma-2.");

    public static bool TryParse([NotNullWhen(true)] string? text, out ModelReference reference)
    {
        reference = default;
        if (text is null)
            return false;
        var hub = HubForm().Match(text);
        if (hub.Success && !hub.Value.Contains("..", StringComparison.Ordinal))
        {
            reference = new(ModelScheme.HuggingFace, hub.Groups["id"].Value, hub.Groups["rev"].Success ? hub.Groups["rev"].Value : null);
            return true;
        }
        var storage = StorageForm().Match(text);
        if (storage.Success)
        {
            reference = new(ModelScheme.GoogleStorage, storage.Groups["path"].Value.TrimEnd('/'), null);
            return true;
        }
        if (!text.StartsWith("file:///", StringComparison.Ordinal) || text.Contains('\0') || text.TrimEnd('/') == "file:")
            return false;
        reference = new(ModelScheme.File, Uri.UnescapeDataString(text["file://".Length..]).TrimEnd('/'), null);
        return true;
    }

    public override string ToString() => Scheme switch
    {
        ModelScheme.HuggingFace => $"hf://{Location}{(Revision is null ? "" : "@" + Revision)}",
        ModelScheme.GoogleStorage => $"gs://{Location}",
        _ => $"file://{Location}",
    };

    // Repository ids on the hub: letters, digits, '-', '_', '.', each part at most 96 characters (huggingface_hub, validate_repo_id).
    [GeneratedRegex(@"^hf://(?<id>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(@(?<rev>[\w./-]{1,255}))?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex HubForm();

    [GeneratedRegex(@"^gs://(?<path>[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^\0]+)?)\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex StorageForm();
}
