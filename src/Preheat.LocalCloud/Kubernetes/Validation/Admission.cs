using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>What a write asks for besides its body. <paramref name="FieldValidation"/> is <c>Ignore</c>, <c>Warn</c> or <c>Strict</c>.</summary>
internal sealed record WriteOptions(string Manager, bool DryRun, string FieldValidation)
{
    /// <summary>Takes a warning for the answer's <c>Warning</c> header.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}

/// <summary>Everything between a body and the store: type, defaults, rules, and which parts a write may touch.</summary>
internal static class Admission
{
    private static readonly string[] Managed = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion", "selfLink"];

    /// <summary>Reads a body into the type of its kind: unknown fields go (400 under <c>Strict</c>), wrong types are 400.</summary>
    public static SchemaCheck Decode(ResourceKind kind, JsonObject json, WriteOptions options)
    {
        if (json.Text("apiVersion") is { } apiVersion && apiVersion != kind.ApiVersion)
        {
            throw ApiException.BadRequest($"the API version in the data ({apiVersion}) does not match the expected API version ({kind.ApiVersion})");
        }

        if (json.Text("kind") is { } name && name != kind.Kind)
        {
            throw ApiException.BadRequest($"{name} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: no kind \"{name}\" is registered here");
        }

        var check = SchemaCheck.Run(kind, json);
        if (check.Mistyped.Count > 0)
        {
            throw ApiException.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {string.Join(", ", check.Mistyped)}");
        }

        var unknown = check.Unknown.Select(field => $"unknown field \"{field}\"").ToList();
        if (unknown.Count > 0 && options.FieldValidation == "Strict")
        {
            throw ApiException.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: strict decoding error: {string.Join(", ", unknown)}");
        }

        if (options.FieldValidation == "Warn")
        {
            unknown.ForEach(options.Warn);
        }

        return check;
    }

    /// <summary>
    /// Makes a decoded body fit to be stored: keeps what the server owns from <paramref name="before"/>, fills defaults, checks the rules (422).
    /// </summary>
    public static void Prepare(ResourceKind kind, JsonObject json, JsonObject? before, SchemaCheck check)
    {
        KeepServerFields(kind, json, before);
        Defaults.Apply(kind, json);
        var defined = kind.Defined is { } version ? StructuralRules.CheckRoot(version.Document, json) : [];
        var causes = check.Causes.Concat(ObjectRules.Check(kind, json, before)).Concat(defined).Distinct().ToList();
        if (causes.Count > 0)
        {
            throw ApiException.Invalid(kind, json.Text("metadata", "name") ?? "", causes);
        }
    }

    /// <summary>A body for <c>/status</c> changes the status and nothing else.</summary>
    public static void TakeStatus(JsonObject json, JsonObject before)
    {
        var status = json["status"]?.DeepClone();
        var metadata = json.At("metadata", "managedFields")?.DeepClone();
        foreach (var name in json.Select(pair => pair.Key).ToList())
        {
            json.Remove(name);
        }

        foreach (var (name, value) in before.Copy().ToList())
        {
            json[name] = value?.DeepClone();
        }

        json["status"] = status;
        if (metadata is not null)
        {
            json.Metadata()["managedFields"] = metadata;
        }
    }

    /// <summary>Five characters that cannot spell a word, as the API server adds to <c>generateName</c>.</summary>
    public static string RandomSuffix() => RandomNumberGenerator.GetString("bcdfghjklmnpqrstvwxz2456789", 5);

    private static void KeepServerFields(ResourceKind kind, JsonObject json, JsonObject? before)
    {
        var metadata = json.Metadata();
        foreach (var name in Managed)
        {
            metadata.Remove(name);
            if (before.At("metadata", name) is { } value)
            {
                metadata[name] = value.DeepClone();
            }
        }

        if (kind.HasStatus)
        {
            json.Remove("status");
            if (before?["status"] is { } status)
            {
                json["status"] = status.DeepClone();
            }
        }

        // What the server chose once stays unless the body says otherwise.
        if (kind == ResourceKinds.Service && before.At("spec", "clusterIP") is { } address && json.Map("spec") is { } spec && string.IsNullOrEmpty(spec.Text("clusterIP")))
        {
            spec["clusterIP"] = address.DeepClone();
        }

        if (kind == ResourceKinds.Pod && before.At("spec", "nodeName") is { } node && json.Map("spec") is { } podSpec && podSpec["nodeName"] is null)
        {
            podSpec["nodeName"] = node.DeepClone();
        }
    }
}
