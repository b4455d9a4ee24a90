using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>One reason why an object is refused; <paramref name="Field"/> is its path.</summary>
internal readonly record struct Cause(string Reason, string Message, string Field)
{
    public static Cause Required(string field, string detail = "") => new("FieldValueRequired", detail.Length == 0 ? "Required value" : $"Required value: {detail}", field);

    public static Cause Invalid(string field, object? value, string detail) => new("FieldValueInvalid", $"Invalid value: {Show(value)}: {detail}", field);

    public static Cause Unsupported(string field, object? value, IEnumerable<string> supported) =>
        new("FieldValueNotSupported", $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", supported.Select(item => $"\"{item}\""))}", field);

    public static Cause Duplicate(string field, string value) => new("FieldValueDuplicate", $"Duplicate value: {Show(value)}", field);

    public static Cause NotFound(string field, string value) => new("FieldValueNotFound", $"Not found: {Show(value)}", field);

    public static Cause Forbidden(string field, string detail) => new("FieldValueForbidden", $"Forbidden: {detail}", field);

    public static Cause TooMany(string field, int count, long most) => new("FieldValueTooMany", $"Too many: {count}: must have at most {most} items", field);

    public static Cause TooLong(string field, long most) => new("FieldValueTooLong", $"Too long: may not be more than {most} bytes", field);

    public static Cause DuplicateItem(string field, string json) => new("FieldValueDuplicate", $"Duplicate value: {json}", field);

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        JsonNode node => node.ToJsonString(),
        _ => $"{value}",
    };
}

/// <summary>
/// An answer of kind <c>Status</c>, in the form of
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ (code, reason, message, details.causes).
/// </summary>
internal sealed class ApiException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>A token to go on with, for the status' metadata.</summary>
    public string? Continue { get; init; }

    public JsonObject ToStatus()
    {
        var metadata = new JsonObject();
        if (Continue is not null)
        {
            metadata["continue"] = Continue;
        }

        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = metadata, ["status"] = "Failure", ["message"] = Message };
        if (Reason.Length > 0)
        {
            status["reason"] = Reason;
        }

        if (details is not null)
        {
            status["details"] = details.DeepClone();
        }

        status["code"] = Code;
        return status;
    }

    public static ApiException NotFound(ObjectKey key) =>
        new(404, "NotFound", $"{key.Kind.QualifiedPlural} \"{key.Name}\" not found", Details(key.Kind.Plural, key));

    /// <summary>No such path.</summary>
    public static ApiException NoResource() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiException AlreadyExists(ObjectKey key) =>
        new(409, "AlreadyExists", $"{key.Kind.QualifiedPlural} \"{key.Name}\" already exists", Details(key.Kind.Plural, key));

    public static ApiException Conflict(ObjectKey key, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {key.Kind.QualifiedPlural} \"{key.Name}\": {why}", Details(key.Kind.Plural, key));

    public static ApiException Modified(ObjectKey key) =>
        Conflict(key, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>Server-side apply met fields of other managers.</summary>
    public static ApiException ApplyConflict(IReadOnlyList<(string Manager, string Field)> conflicts)
    {
        var message = conflicts.Count == 1
            ? $"Apply failed with 1 conflict: conflict with {conflicts[0].Manager}: {conflicts[0].Field}"
            : $"Apply failed with {conflicts.Count} conflicts: " + string.Join("\n", conflicts.GroupBy(conflict => conflict.Manager, conflict => conflict.Field).OrderBy(group => group.Key, StringComparer.Ordinal)
                .SelectMany(group => group.Select(field => $"- {field}").Prepend($"conflicts with {group.Key}:")));
        var causes = conflicts.Select(conflict => new Cause("FieldManagerConflict", $"conflict with {conflict.Manager}", conflict.Field));
        return new ApiException(409, "Conflict", message, new JsonObject { ["causes"] = ToJson(causes) });
    }

    /// <summary>
    /// Server-side apply of what does not fit the type. The API server answers 500 without a reason
    /// (https://github.com/kubernetes/kubernetes/issues/118877), and so does this one: a client must cope with it.
    /// </summary>
    public static ApiException Untypable(ObjectKey key, IReadOnlyList<string> errors) =>
        new(500, "", $"failed to create typed patch object ({Named(key)}): {(errors.Count == 1 ? errors[0] : $"errors:\n  {string.Join("\n  ", errors)}")}");

    /// <summary>The same for a value that has the right form and is no value of its type.</summary>
    public static ApiException Unconvertible(ObjectKey key, string why) =>
        new(500, "", $"failed to convert new object ({Named(key)}) to proper version: unable to convert unstructured object to {Typed(key)}: {why}");

    private static string Named(ObjectKey key) => $"{key.Namespace}/{key.Name}; {Typed(key)}";

    private static string Typed(ObjectKey key) => $"{(key.Kind.Group.Length == 0 ? $"/{key.Kind.Version}" : key.Kind.ApiVersion)}, Kind={key.Kind.Kind}";

    public static ApiException Invalid(ResourceKind kind, string name, IReadOnlyList<Cause> causes)
    {
        var lines = causes.Select(cause => $"{cause.Field}: {cause.Message}").ToList();
        var text = lines.Count == 1 ? lines[0] : $"[{string.Join(", ", lines)}]";
        return new ApiException(422, "Invalid", $"{kind.QualifiedKind} \"{name}\" is invalid: {text}",
            Details(kind, kind.Kind, name, "causes", ToJson(causes)));
    }

    /// <summary>A refused option of a request: <c>PatchOptions</c>, <c>DeleteOptions</c>, … of the group meta.k8s.io.</summary>
    public static ApiException InvalidOption(string kind, Cause cause) =>
        new(422, "Invalid", $"{kind}.meta.k8s.io \"\" is invalid: {cause.Field}: {cause.Message}",
            new JsonObject { ["group"] = "meta.k8s.io", ["kind"] = kind, ["causes"] = ToJson([cause]) });

    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiException Forbidden(ObjectKey key, string why) =>
        new(403, "Forbidden", $"{key.Kind.QualifiedPlural} \"{key.Name}\" is forbidden: {why}", Details(key.Kind.Plural, key));

    public static ApiException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiException TooLarge(long limit) => new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    public static ApiException UnsupportedMediaType(string? type, IEnumerable<string> accepted) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {string.Join(", ", accepted)} (got {type ?? "none"})");

    public static ApiException Expired(long asked, long oldest) => new(410, "Expired", $"too old resource version: {asked} ({oldest})");

    /// <summary>
    /// A list at an earlier version whose changes are forgotten. For a continued list the answer brings a token that goes on with what is there now
    /// (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
    /// </summary>
    public static ApiException ContinueExpired(long version, string after) => after.Length == 0
        ? new ApiException(410, "Expired", $"The resourceVersion for the provided list is too old: {version}")
        : new ApiException(410, "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token " +
            "in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, " +
            "or deleted between the time the first chunk was returned and now may show up in the list.") { Continue = ListOptions.Token(-1, after) };

    public static ApiException TooLargeVersion(long asked, long current) =>
        new(504, "Timeout", $"Too large resource version: {asked}, current: {current}",
            new JsonObject { ["causes"] = ToJson([new Cause("ResourceVersionTooLarge", "Too large resource version", "")]), ["retryAfterSeconds"] = 1 });

    public static ApiException Unavailable(string message) => new(503, "ServiceUnavailable", message);

    /// <summary>What an answer is about; <paramref name="uid"/> in that to a removal.</summary>
    public static JsonObject Details(string kind, ObjectKey key, string? uid = null) => Details(key.Kind, kind, key.Name, "uid", uid);

    // What is empty is left out.
    private static JsonObject Details(ResourceKind about, string kind, string name, string last, JsonNode? value)
    {
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (about.Group.Length > 0)
        {
            details["group"] = about.Group;
        }

        details["kind"] = kind;
        if (value is not null)
        {
            details[last] = value;
        }

        return details;
    }

    private static JsonArray ToJson(IEnumerable<Cause> causes) =>
        new([.. causes.Select(cause => (JsonNode)new JsonObject { ["reason"] = cause.Reason, ["message"] = cause.Message, ["field"] = cause.Field })]);
}
