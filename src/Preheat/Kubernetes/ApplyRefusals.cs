using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Preheat.Kubernetes;

/// <summary>
/// Server-side apply of fields that do not fit the kind's schema: API servers answer 500 without a reason, as if they had failed themselves
/// (kubernetes/kubernetes#118877; the texts are those of apimachinery's <c>managedfields</c> and of <c>structured-merge-diff</c>). The request is at fault, and no
/// other try betters it.
/// </summary>
internal static partial class ApplyRefusals
{
    // Nothing but these texts tells them from etcd's troubles, which come as 500 without a reason too.
    private static readonly string[] Beginnings = ["failed to create typed patch object", "failed to convert new object"];

    /// <summary>True for the body of such an answer.</summary>
    public static bool IsOne(JsonNode? status) =>
        status.Text("reason") is null or "" && status.Text("message") is { } message && Beginnings.Any(beginning => message.StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>Its fields with what is wrong with each, as other refusals list them; empty where none is named.</summary>
    public static IEnumerable<StatusCause> CausesOf(string message) =>
        Fields().Matches(message).Select(found => new StatusCause("FieldValueInvalid", found.Groups["field"].Value, GoValue().Replace(found.Groups["why"].Value, "${value}")));

    // "(team/gemma; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema", or "…): errors:" and one line each. 1.20 has no parenthesis.
    [GeneratedRegex("""(^|\): |object: )\s*(?<field>\.([^\[\]: "]|\[("(\\.|[^"\\])*"|[^\]"])*\])+): (?<why>[^\n]+)""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Fields();

    // "expected string, got &value.valueUnstructured{Value:true}"
    [GeneratedRegex(@"&(value\.valueUnstructured)?\{(Value:)?(?<value>.*)\}$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex GoValue();

    /// <summary>Gives such an answer the status that it should have had.</summary>
    internal sealed class Handler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode is not HttpStatusCode.InternalServerError || request.Content?.Headers.ContentType?.MediaType is not KubernetesClient.ApplyPatch)
                return response;
            await response.Content.LoadIntoBufferAsync(KubernetesErrors.LongestStatus, cancellationToken);
            if (IsOne(KubernetesErrors.StatusOf(await response.Content.ReadAsStringAsync(cancellationToken))))
                response.StatusCode = HttpStatusCode.UnprocessableEntity;
            return response;
        }
    }
}
