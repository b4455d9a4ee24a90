using System.Net;

namespace Preheat.Kubernetes;

/// <summary>One cause of a refusal: <c>status.details.causes[]</c>.</summary>
/// <param name="Reason"><c>FieldValueInvalid</c>, <c>FieldManagerConflict</c>, …</param>
/// <param name="Field">Path of the field: <c>.spec.replicas</c>.</param>
public sealed record StatusCause(string Reason, string Field, string Message);

/// <summary>The API server refused a request or failed. Exit code 2 where the request is at fault (4xx), else 1.</summary>
public sealed class KubernetesApiException(HttpStatusCode status, string reason, IReadOnlyList<StatusCause> causes, string message)
    : PreheatException(message, (int)status is >= 400 and < 500 and not (408 or 425 or 429 or 410) ? 2 : 1)
{
    public HttpStatusCode Status { get; } = status;

    /// <summary>Machine-readable: <c>NotFound</c>, <c>Forbidden</c>, <c>Conflict</c>, <c>Invalid</c>, <c>AlreadyExists</c>, …</summary>
    public string Reason { get; } = reason;

    public IReadOnlyList<StatusCause> Causes { get; } = causes;
}
