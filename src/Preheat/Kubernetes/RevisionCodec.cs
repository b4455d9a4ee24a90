using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>A revision's record as a ConfigMap: what people may want to read as text, the objects compressed.</summary>
internal static class RevisionCodec
{
    /// <summary>Label of all records.</summary>
    public const string Label = "preheat.dev/record";

    private const string Record = "revision";
    private const string Content = "revision.json.gz";
    private const int Schema = 1;

    // Kubernetes takes 1 MiB of values in a ConfigMap (core validation, MaxSecretSize); some of it is for the texts.
    private const int MostBytes = (1024 * 1024) - 4096;
    private const int MostUnpacked = 32 * 1024 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static string NameOf(string deployment, int number) => string.Create(CultureInfo.InvariantCulture, $"preheat-{deployment}-revision-{number}");

    public static string Selector(string deployment) => $"{OwnedObjects.Selector(deployment)},{Label}={Record}";

    /// <summary>The ConfigMap; null when the objects are more than one takes.</summary>
    public static JsonObject? Write(RevisionRecord record, string deployment, string inNamespace)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            JsonSerializer.Serialize(gzip, new Contents(Schema, record.Objects, record.Secrets, record.Inventory), Json);
        if (packed.Length > MostBytes)
            return null;
        return new()
        {
            ["apiVersion"] = KubernetesKind.ConfigMap.ApiVersion,
            ["kind"] = KubernetesKind.ConfigMap.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = NameOf(deployment, record.Number),
                ["namespace"] = inNamespace,
                ["labels"] = new JsonObject { [ManifestChecks.DeploymentLabel] = deployment, [ManifestChecks.ManagedByLabel] = ManifestChecks.Manager, [Label] = Record },
            },
            ["data"] = new JsonObject
            {
                ["number"] = record.Number.ToString(CultureInfo.InvariantCulture),
                ["state"] = record.State.ToString().ToLowerInvariant(),
                ["at"] = record.At.ToString("O", CultureInfo.InvariantCulture),
                ["image"] = record.Image,
                ["origin"] = record.Origin.ToString(CultureInfo.InvariantCulture),
                ["template"] = record.Template ?? "",
                ["cold-start"] = record.ColdStart ?? "",
            },
            ["binaryData"] = new JsonObject { [Content] = Convert.ToBase64String(packed.ToArray()) },
        };
    }

    /// <summary>The record; null for one that this version does not understand.</summary>
    public static RevisionRecord? Read(KubernetesObject map)
    {
        if (NumberOf(map) is not { } number
            || !Enum.TryParse<RevisionState>(map.Json.Text("data", "state"), ignoreCase: true, out var state)
            || map.Json.Time("data", "at") is not { } at
            || ContentsOf(map) is not { Schema: Schema } contents)
            return null;
        return new()
        {
            Number = number,
            State = state,
            At = at,
            Image = map.Json.Text("data", "image") ?? "",
            Origin = int.TryParse(map.Json.Text("data", "origin"), NumberStyles.None, CultureInfo.InvariantCulture, out var origin) ? origin : number,
            Template = map.Json.Text("data", "template") is { Length: > 0 } template ? template : null,
            ColdStart = map.Json.Text("data", "cold-start") is { Length: > 0 } coldStart ? coldStart : null,
            Objects = contents.Objects,
            Secrets = contents.Secrets,
            Inventory = contents.Inventory,
        };
    }

    /// <summary>The number by which a record is asked for; null when it has none.</summary>
    public static int? NumberOf(KubernetesObject map) =>
        int.TryParse(map.Name.Split('-')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    private static Contents? ContentsOf(KubernetesObject map)
    {
        try
        {
            using var packed = new MemoryStream(Convert.FromBase64String(map.Json.Text("binaryData", Content) ?? ""));
            using var gzip = new GZipStream(packed, CompressionMode.Decompress);
            var buffer = new byte[64 * 1024];
            using var all = new MemoryStream();
            int count;
            while ((count = gzip.Read(buffer)) > 0)
            {
                all.Write(buffer, 0, count);
                if (all.Length > MostUnpacked)
                    return null;
            }
            return JsonSerializer.Deserialize<Contents>(all.GetBuffer().AsSpan(0, (int)all.Length), Json) is { Objects: not null, Secrets: not null, Inventory: not null } contents ? contents : null;
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException or JsonException)
        {
            return null;
        }
    }

    private sealed record Contents(int Schema, IReadOnlyList<JsonObject> Objects, IReadOnlyList<RecordedSecret> Secrets, IReadOnlyList<RecordedObject> Inventory);
}
