using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Access;

/// <summary>
/// Answers access and token reviews, which <c>kubectl auth can-i</c> and <c>auth whoami</c> ask
/// (https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/ and …/authentication-resources/). Nothing of them is stored.
/// </summary>
internal sealed class Reviews(RoleRules rules, string token)
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);

    public async Task HandleAsync(HttpContext context, ApiPath path)
    {
        if (context.Request.Method != "POST" || path.Name.Length > 0)
        {
            throw ApiException.MethodNotAllowed();
        }

        var json = await Bodies.ReadObjectAsync(context);
        var check = Admission.Decode(path.Kind, json, new WriteOptions("", DryRun: false, "Ignore"));
        var causes = check.Causes.Concat(Check(path.Kind, json, path.Namespace)).ToList();
        if (causes.Count > 0)
        {
            throw ApiException.Invalid(path.Kind, "", causes);
        }

        (json["apiVersion"], json["kind"]) = (path.Kind.ApiVersion, path.Kind.Kind);
        json.Metadata();
        json["status"] = Answer(path.Kind, json.Map("spec") ?? []);
        await Bodies.WriteAsync(context, 201, json);
    }

    private static IEnumerable<Cause> Check(ResourceKind kind, JsonObject json, string ns)
    {
        if (!kind.Kind.EndsWith("AccessReview", StringComparison.Ordinal) || json.Map("spec") is not { } spec)
        {
            yield break;
        }

        var (resource, other) = (spec.Map("resourceAttributes"), spec.Map("nonResourceAttributes"));
        if (resource is not null && other is not null)
        {
            yield return Cause.Invalid("spec.nonResourceAttributes", other, "cannot be specified in combination with resourceAttributes");
        }

        if (resource is null && other is null)
        {
            yield return Cause.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }

        if (kind != ResourceKinds.SelfSubjectAccessReview && string.IsNullOrEmpty(spec.Text("user")) && !spec.Texts("groups").Any())
        {
            yield return Cause.Invalid("spec.user", "", "at least one of user or group must be specified");
        }

        if (kind == ResourceKinds.LocalSubjectAccessReview && resource.Text("namespace") != ns)
        {
            yield return Cause.Invalid("spec.resourceAttributes.namespace", resource.Text("namespace"), "must match metadata.namespace");
        }
    }

    private JsonObject Answer(ResourceKind kind, JsonObject spec) => kind.Kind switch
    {
        "SelfSubjectReview" => new JsonObject { ["userInfo"] = Subject.Owner.ToJson() },
        "TokenReview" => Token(spec.Text("token") ?? ""),
        "SelfSubjectRulesReview" => Rules(spec.Text("namespace") ?? ""),
        "SelfSubjectAccessReview" => Access(Subject.Owner, spec),
        _ => Access(new Subject(spec.Text("user") ?? "", [.. spec.Texts("groups")]), spec),
    };

    private JsonObject Access(Subject subject, JsonObject spec)
    {
        var reason = rules.Allows(subject, AccessRequest.Of(spec));
        var status = new JsonObject { ["allowed"] = reason is not null };
        if (reason is { Length: > 0 })
        {
            status["reason"] = reason;
        }

        return status;
    }

    private JsonObject Rules(string ns)
    {
        var all = rules.Of(Subject.Owner, ns).ToList();
        return new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. all.Where(rule => rule.ContainsKey("resources")).Select(rule => (JsonNode)rule.Copy())]),
            ["nonResourceRules"] = new JsonArray([.. all.Where(rule => rule.ContainsKey("nonResourceURLs")).Select(rule => (JsonNode)rule.Copy())]),
            ["incomplete"] = false,
        };
    }

    private JsonObject Token(string asked) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(asked), _token)
        ? new JsonObject { ["authenticated"] = true, ["user"] = Subject.Owner.ToJson() }
        : new JsonObject { ["authenticated"] = false, ["user"] = new JsonObject(), ["error"] = "invalid bearer token" };
}
