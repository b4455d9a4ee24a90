using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Protobuf;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.OpenApi;

/// <summary>One operation of the resource API: what a document says about a path and method.</summary>
internal sealed record ApiOperation(string Path, string Method, string Action, ResourceKind Kind)
{
    private static readonly string[] WriteQuery = ["dryRun", "fieldManager", "fieldValidation"];
    private static readonly string[] ListQuery =
        ["allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"];

    /// <summary>Names of the query parameters; <c>force</c> is a boolean, the rest are texts or numbers.</summary>
    public IReadOnlyList<string> Query => Action switch
    {
        "list" => ListQuery,
        "post" or "put" => WriteQuery,
        "patch" => [.. WriteQuery, "force"],
        "delete" => ["dryRun", "gracePeriodSeconds", "propagationPolicy"],
        _ => [],
    };

    /// <summary>Media types of the body; none for a read.</summary>
    public IReadOnlyList<string> Consumes => Action switch
    {
        "patch" when Kind.Defined is null => ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"],
        "patch" => ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"],
        "post" or "put" when Kind.Defined is null => ["application/json", "application/yaml", ProtobufBody.MediaType],
        "post" or "put" => ["application/json", "application/yaml"],
        _ => [],
    };

    public bool IsOnObject => Path.EndsWith("{name}", StringComparison.Ordinal);

    public IEnumerable<string> PathParameters => (IsOnObject ? new[] { "name" } : []).Concat(Path.Contains("{namespace}", StringComparison.Ordinal) ? ["namespace"] : []);

    public static string ParameterType(string name) => name switch
    {
        "force" or "watch" or "allowWatchBookmarks" or "sendInitialEvents" => "boolean",
        "limit" or "timeoutSeconds" or "gracePeriodSeconds" => "integer",
        _ => "string",
    };

    /// <summary>The operations on the objects of a kind.</summary>
    public static IEnumerable<ApiOperation> Of(ResourceKind kind)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
        var collection = kind.Namespaced ? $"{root}/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/{kind.Plural}";
        yield return new ApiOperation(collection, "post", "post", kind);
        if (!kind.Verbs.Contains("list"))
        {
            yield break;
        }

        yield return new ApiOperation(collection, "get", "list", kind);
        foreach (var method in new[] { "get", "put", "patch", "delete" })
        {
            yield return new ApiOperation($"{collection}/{{name}}", method, method, kind);
        }

        if (kind.Namespaced)
        {
            yield return new ApiOperation($"{root}/{kind.Plural}", "get", "list", kind);
        }
    }
}
