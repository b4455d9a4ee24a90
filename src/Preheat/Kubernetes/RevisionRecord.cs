using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>What became of a revision.</summary>
public enum RevisionState
{
    /// <summary>It is being applied; or a run that applied it was ended before it knew.</summary>
    Applying,

    /// <summary>It served as a whole.</summary>
    Good,

    /// <summary>It did not roll out.</summary>
    Failed,
}

/// <summary>What one deploy applied, as the cluster keeps it (<see cref="RevisionRecords"/>): enough to apply it again, and to remove what only it has.</summary>
internal sealed record RevisionRecord
{
    public required int Number { get; init; }

    public required RevisionState State { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Image of the first container.</summary>
    public required string Image { get; init; }

    /// <summary>The revision that this one is a copy of; its own number when it is of manifests.</summary>
    public required int Origin { get; init; }

    /// <summary>Kubernetes' own number of the pods' template; null before it is known.</summary>
    public string? Template { get; init; }

    /// <summary>The first pod's way to its first token, in words; null when it was not seen.</summary>
    public string? ColdStart { get; init; }

    /// <summary>The objects as they were applied. Without secrets, and without what many deployments share.</summary>
    public required IReadOnlyList<JsonObject> Objects { get; init; }

    public required IReadOnlyList<RecordedSecret> Secrets { get; init; }

    /// <summary>Every object of the revision, secrets included.</summary>
    public required IReadOnlyList<RecordedObject> Inventory { get; init; }

    /// <summary>True when this revision was applied from these objects and secrets.</summary>
    public bool IsOf(IReadOnlyList<JsonObject> objects, IReadOnlyList<JsonObject> secrets) =>
        Objects.Count == objects.Count && Objects.Zip(objects).All(pair => JsonNode.DeepEquals(pair.First, pair.Second))
        && Secrets.Count == secrets.Count && secrets.All(item => Secrets.Any(kept => kept.Name == item.Text("metadata", "name") && kept.IsOf(item)));
}

/// <summary>A Secret that a revision reads. Its values are not kept, only what tells whether they are the same still.</summary>
/// <param name="Salt">Base64; another one for each record, so that equal values cannot be looked up.</param>
/// <param name="Hash">SHA-256 over salt, keys and values; base64.</param>
internal sealed record RecordedSecret(string? Namespace, string Name, string Salt, string Hash)
{
    public static RecordedSecret Of(JsonObject secret)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return new(secret.Text("metadata", "namespace"), secret.Text("metadata", "name") ?? "", Convert.ToBase64String(salt), HashOf(salt, secret));
    }

    public bool IsOf(JsonObject secret) => HashOf(Convert.FromBase64String(Salt), secret) == Hash;

    // data has base64, stringData text that the API server moves there.
    private static string HashOf(byte[] salt, JsonObject secret)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(salt);
        var values = (secret["data"] as JsonObject ?? []).Select(entry => (entry.Key, Value: entry.Value?.ToString() ?? ""))
            .Concat((secret["stringData"] as JsonObject ?? []).Select(entry => (entry.Key, Value: Convert.ToBase64String(Encoding.UTF8.GetBytes(entry.Value?.ToString() ?? "")))));
        foreach (var (key, value) in values.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}\0{value}\0"));
        return Convert.ToBase64String(hash.GetHashAndReset());
    }
}

/// <summary>An object of a revision.</summary>
/// <param name="Uid">Which object of that name it was; null for one that was still to be made when a run ended.</param>
/// <param name="IsMade">False for one that was there before any revision: it is never removed with one.</param>
internal sealed record RecordedObject(string ApiVersion, string Kind, string? Namespace, string Name, string? Uid, bool IsMade)
{
    /// <summary>The same object in any version of its kind's group.</summary>
    public (string Group, string Kind, string? Namespace, string Name) Key => (new KubernetesKind(ApiVersion, Kind).Group, Kind, Namespace, Name);

    public static (string Group, string Kind, string? Namespace, string Name) KeyOf(KubernetesObject item) => (item.Kind.Group, item.Kind.Kind, item.Namespace, item.Name);
}
