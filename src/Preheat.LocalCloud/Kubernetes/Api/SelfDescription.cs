using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.OpenApi;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>What the server tells about itself: version, discovery in both forms, OpenAPI in both versions. Made anew when a definition changes.</summary>
internal sealed class SelfDescription(KindCatalog kinds, AggregatedApis others)
{
    private const string Json = "application/json";

    private volatile Edition? _edition;

    public static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "33",
        ["gitVersion"] = "v1.33.0-preheat",
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "",
        ["platform"] = "linux/amd64",
    };

    /// <summary>The document that a request asks for; null when its path is none of these.</summary>
    public Document? Answer(HttpRequest request)
    {
        var parts = (request.Path.Value ?? "/").TrimEnd('/').Split('/')[1..];
        if (parts is [] or not ["api" or "apis" or "openapi", ..])
        {
            return null;
        }

        var edition = Current();
        return parts switch
        {
            ["api"] or ["apis"] when AggregatedDiscovery.AskedVersion(request) is { } version =>
                new Document($"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList", KubeJson.Serialize(AggregatedDiscovery.Of(edition.Kinds, others, version, parts[0] == "apis"))),
            ["openapi", "v2"] => edition.OpenApiV2(request.Headers.Accept.ToString()),
            ["openapi", "v3"] => new Document(Json, KubeJson.Serialize(edition.OpenApiV3.Index())),
            ["openapi", "v3", .. var group] => edition.OpenApiV3.Of(string.Join('/', group)),
            _ => Discovery.Answer(edition.Kinds, parts) is { } answer ? new Document(Json, KubeJson.Serialize(answer)) : null,
        };
    }

    private Edition Current()
    {
        var (key, present) = (kinds.Edition, _edition);
        return present is not null && ReferenceEquals(present.Key, key) ? present : _edition = new Edition(key, kinds.All);
    }

    private sealed class Edition(object key, IReadOnlyList<ResourceKind> kinds)
    {
        private readonly Lazy<(Document Json, Document Protobuf)> _v2 = new(() => OpenApiV2Document.Of(kinds));

        public object Key { get; } = key;

        public IReadOnlyList<ResourceKind> Kinds { get; } = kinds;

        public OpenApiV3Documents OpenApiV3 { get; } = new(kinds);

        /// <summary>In protobuf for a client that asks for it, as kubectl does.</summary>
        public Document OpenApiV2(string accept) => OpenApiV2Document.IsProtobuf(accept) ? _v2.Value.Protobuf : _v2.Value.Json;
    }
}
