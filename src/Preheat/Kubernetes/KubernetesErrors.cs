using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Http;

namespace Preheat.Kubernetes;

/// <summary>Says in a person's words why a request to an API server failed.</summary>
internal static class KubernetesErrors
{
    /// <summary>Most bytes that a <c>Status</c> may have.</summary>
    public const int LongestStatus = 1024 * 1024;

    private const int LongestBody = 2048;

    /// <summary>The error for an answer that is no success. The body is a <c>Status</c> object (Kubernetes API conventions, "Response Status Kind"), or anything if a proxy answered.</summary>
    /// <param name="doing">What was asked for: <c>apply Deployment/gemma</c>.</param>
    public static KubernetesApiException From(HttpStatusCode code, string body, KubeContext context, string doing)
    {
        var status = StatusOf(body);
        var reason = status.Text("reason") ?? code.ToString();
        var said = status.Text("message") is { Length: > 0 } message ? message : Shorten(body);
        var causes = status.Items("details", "causes")
            .Select(CauseOf)
            .Concat(ApplyRefusals.IsOne(status) ? ApplyRefusals.CausesOf(said) : [])
            .ToList();
        var place = $"{context.Server.GetLeftPart(UriPartial.Authority)} (context {context.Name} of {context.File})";
        return new(code, reason, causes, (int)code switch
        {
            401 => $"Cannot {doing}: the API server {place} did not accept the credentials of the user '{context.User.Name}'. Log in again, or choose another context with --kube-context.",
            // Not who asks decided this, but what is asked for: a quota, a webhook, a namespace that is being removed.
            403 when reason == "Forbidden" && !(said.Contains("User \"", StringComparison.Ordinal) && said.Contains(" cannot ", StringComparison.Ordinal)) => $"Cannot {doing}: the cluster's admission refuses it: {said}. Asked at {place}.",
            403 => $"Cannot {doing}: {said}. The user '{context.User.Name}' needs this right at {place}.",
            404 => $"Cannot {doing}: {said}. Asked at {place}.",
            409 when causes.Exists(cause => cause.Reason == "FieldManagerConflict") => Conflict(causes, doing),
            409 => $"Cannot {doing}: {said}. Somebody else changed it at the same time; run the same command again.",
            400 or 422 => $"Cannot {doing}: the API server refuses it: {Invalid(causes, said)}",
            _ => $"Cannot {doing}: the API server {place} answered {(int)code} {reason}: {said}",
        });
    }

    /// <summary>The <c>Status</c> object of a body; null where it is something else.</summary>
    public static JsonNode? StatusOf(string body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject { } status && status.Text("kind") == "Status" ? status : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>True for a failure on the way to the server: no answer came.</summary>
    public static bool IsConnection(Exception exception) =>
        exception is HttpRequestException or IOException or TimeoutException or OperationCanceledException { InnerException: TimeoutException };

    /// <summary>True for a failure that is over once the API server is back: no answer, a host name that does not resolve, 408, 425, 429 and 5xx.</summary>
    /// <param name="isAway">It was away before this answer: a server that starts refuses everybody (401, 403) until it has read the rights.</param>
    public static bool IsOutage(PreheatException failure, bool isAway) => failure switch
    {
        KubernetesApiException { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => isAway,
        KubernetesApiException refusal => HttpPipeline.IsTransient(refusal.Status),
        // A certificate that is not trusted stays so; a handshake that was cut is a lost connection.
        { InnerException: HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException } } => false,
        { InnerException: { } inner } => IsConnection(inner),
        _ => false,
    };

    /// <summary>The error for a request that got no answer.</summary>
    public static PreheatException From(Exception exception, KubeContext context)
    {
        var place = $"The API server {context.Server.GetLeftPart(UriPartial.Authority)} (context {context.Name} of {context.File})";
        return exception switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
                new UserException($"{place} cannot be found: its host name does not resolve. Is the cluster still there, and is this machine on its network?", exception),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new UserException($"{place} is not trusted: {TlsReason(exception)}", exception),
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } =>
                new PreheatException($"{place} cannot be reached: {exception.Message}. Is the cluster running?", exception),
            OperationCanceledException { InnerException: TimeoutException } or TimeoutException => new PreheatException($"{place} gave no answer in time.", exception),
            _ => new PreheatException($"{place}: the connection was lost: {exception.Message}", exception),
        };
    }

    private static string TlsReason(Exception exception)
    {
        var reason = exception.InnerException is AuthenticationException { Message: var text } ? text : exception.InnerException?.Message ?? exception.Message;
        if (reason.Contains("RemoteCertificateNameMismatch", StringComparison.Ordinal))
            return $"its certificate is for another name ({reason}). Write the right host in the kubeconfig, or tls-server-name.";
        if (reason.Contains("RemoteCertificateChainErrors", StringComparison.Ordinal) || reason.Contains("certificate chain", StringComparison.Ordinal))
            return $"its certificate does not come from the cluster's certificate authority ({reason}). The cluster may have been made anew: get its credentials again.";
        return reason;
    }

    // A definition's schema check ends with a cause of no field: the rules that were not checked (apiextensions-apiserver, "<nil>: Invalid value: null: …").
    private static StatusCause CauseOf(JsonObject cause)
    {
        const string NoValue = "Invalid value: null: ";
        var (field, message) = (cause.Text("field") ?? "", cause.Text("message") ?? "");
        return new(cause.Text("reason") ?? "", field is "<nil>" ? "" : field, field is "<nil>" && message.StartsWith(NoValue, StringComparison.Ordinal) ? message[NoValue.Length..] : message);
    }

    private static string Conflict(IReadOnlyList<StatusCause> causes, string doing)
    {
        var fields = causes.Where(cause => cause.Reason == "FieldManagerConflict").Select(cause => $"\n  {cause.Field}: {cause.Message}");
        return $"Cannot {doing}: these fields belong to somebody else:{string.Concat(fields)}\nLet their owner give them up, or take them over with --force-conflicts.";
    }

    private static string Invalid(IReadOnlyList<StatusCause> causes, string said) =>
        causes.Count == 0 ? said : string.Concat(causes.Select(cause => cause.Field.Length == 0 ? $"\n  {cause.Message}" : $"\n  {cause.Field}: {cause.Message}"));

    private static string Shorten(string body) => body.Length == 0 ? "(no reason given)" : body.Length <= LongestBody ? body.Trim() : body[..LongestBody] + "…";
}
