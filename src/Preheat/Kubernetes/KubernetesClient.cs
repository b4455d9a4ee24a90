using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Http;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Talks to a Kubernetes API server over REST (Kubernetes API concepts). Reads, applies and deletes are safe to repeat and are retried.</summary>
/// <remarks>Errors: <see cref="KubernetesApiException"/> for an answer that is no success, <see cref="UserException"/> for trust and host names, <see cref="PreheatException"/> for a lost connection.</remarks>
public sealed partial class KubernetesClient : IDisposable
{
    /// <summary>Owner of the fields that this program applies.</summary>
    public const string FieldManager = ManifestChecks.Manager;

    /// <summary>JSON is YAML; the server takes apply patches under this type only (API concepts, "Server-Side Apply").</summary>
    internal const string ApplyPatch = "application/apply-patch+yaml";

    private const int LongestAnswer = 64 * 1024 * 1024;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private readonly KubeContext _context;
    private readonly HttpClient _http;
    private readonly ApiDiscovery _discovery;
    private readonly TimeProvider _time;

    private KubernetesClient(KubeContext context, TimeProvider time, CloudEndpoints endpoints)
    {
        DryRun = endpoints.DryRun;
        // Only the embedded infrastructure has a time scale.
        OutageLimit = endpoints.TimeScale is null ? PhaseLimits.UsualOutage : PhaseLimits.EmbeddedOutage;
        _context = context;
        _time = time;
        _http = ClusterTransport.Create(context, time, AnswerTimeout);
        _http.MaxResponseContentBufferSize = LongestAnswer;
        _discovery = new((path, accept, cancellation) => JsonAsync(() => Accepting(accept, path), $"read {path}", cancellation));
    }

    /// <summary>Name of the kubeconfig context.</summary>
    public string Context => _context.Name;

    public Uri Server => _context.Server;

    /// <summary>How long the server may be away while something is watched.</summary>
    internal TimeSpan OutageLimit { get; }

    /// <summary>Takes the requests that change something; null sends them.</summary>
    public DryRun? DryRun { get; }

    /// <summary>Makes a client for the context that <paramref name="endpoints"/> names. No request is sent yet.</summary>
    /// <exception cref="UserException">There is no such kubeconfig or context, or it is not understood.</exception>
    public static KubernetesClient Connect(CloudEndpoints endpoints, TimeProvider time) => new(Kubeconfig.Resolve(endpoints), time, endpoints);

    /// <summary>True when the cluster has this kind.</summary>
    public async Task<bool> HasKindAsync(KubernetesKind kind, CancellationToken cancellation) => await _discovery.FindAsync(kind, cancellation) is not null;

    /// <summary>Every kind whose objects can be listed and deleted, as far as this user may see it.</summary>
    internal Task<IReadOnlyList<KubernetesKind>> RemovableKindsAsync(CancellationToken cancellation) => _discovery.RemovableAsync(cancellation);

    /// <summary>The object; null when there is none.</summary>
    public async Task<KubernetesObject?> FindAsync(KubernetesKind kind, string? inNamespace, string name, CancellationToken cancellation)
    {
        var resource = await _discovery.GetAsync(kind, cancellation);
        try
        {
            return new(await JsonAsync(() => new(HttpMethod.Get, resource.Path(inNamespace, name)), $"read {kind}/{name}", cancellation));
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Creates or changes an object by server-side apply: only the fields given become ours, nobody else's are taken.</summary>
    /// <exception cref="KubernetesApiException">Among others 409: a field belongs to another manager; the message lists them.</exception>
    public Task<KubernetesObject> ApplyAsync(JsonObject manifest, CancellationToken cancellation) => ApplyAsync(manifest, new ApplyOptions(), cancellation);

    /// <inheritdoc cref="ApplyAsync(JsonObject, CancellationToken)"/>
    public async Task<KubernetesObject> ApplyAsync(JsonObject manifest, ApplyOptions options, CancellationToken cancellation)
    {
        var wanted = new KubernetesObject(manifest);
        var resource = await _discovery.GetAsync(wanted.Kind, cancellation);
        var path = $"{resource.Path(wanted.Namespace, wanted.Name)}?fieldManager={options.Manager}&force={(options.Force ? "true" : "false")}&fieldValidation=Strict{(options.OnlyCheck ? "&dryRun=All" : "")}";
        if (DryRun is not null && !options.OnlyCheck)
        {
            DryRun.Request("PATCH", path, $"{wanted.Title} in context {Context}");
            return wanted;
        }
        var body = JsonSerializer.SerializeToUtf8Bytes(manifest);
        return new(await JsonAsync(() => Request(HttpMethod.Patch, path, body, ApplyPatch), $"{(options.OnlyCheck ? "check" : "apply")} {wanted.Title}", cancellation));
    }

    /// <summary>Creates an object, or replaces the version of it that was read; null when somebody else was faster.</summary>
    internal async Task<KubernetesObject?> TryWriteAsync(JsonObject json, bool isNew, CancellationToken cancellation)
    {
        var wanted = new KubernetesObject(json);
        var resource = await _discovery.GetAsync(wanted.Kind, cancellation);
        var path = $"{resource.Path(wanted.Namespace, isNew ? null : wanted.Name)}?fieldManager={FieldManager}";
        var body = JsonSerializer.SerializeToUtf8Bytes(json);
        try
        {
            return new(await JsonAsync(() => Request(isNew ? HttpMethod.Post : HttpMethod.Put, path, body, "application/json"), $"write {wanted.Title}", cancellation));
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Conflict || (!isNew && exception.Status is HttpStatusCode.NotFound))
        {
            return null;
        }
    }

    /// <summary>Asks for the removal of exactly this object. True when it was there.</summary>
    /// <param name="waitForDependents">Foreground deletion: the object stays, marked, until what it owns is gone.</param>
    public Task<bool> DeleteAsync(KubernetesObject target, bool waitForDependents, CancellationToken cancellation) =>
        DeleteAsync(target, waitForDependents, onlyThisVersion: false, cancellation);

    /// <inheritdoc cref="DeleteAsync(KubernetesObject, bool, CancellationToken)"/>
    /// <param name="onlyThisVersion">Not when somebody has changed it since it was read.</param>
    internal async Task<bool> DeleteAsync(KubernetesObject target, bool waitForDependents, bool onlyThisVersion, CancellationToken cancellation)
    {
        var resource = await _discovery.GetAsync(target.Kind, cancellation);
        if (DryRun is not null)
        {
            DryRun.Request("DELETE", resource.Path(target.Namespace, target.Name), $"{target.Title} in context {Context}");
            return true;
        }
        var options = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["propagationPolicy"] = waitForDependents ? "Foreground" : "Background",
            // Another object of the same name, made since, is not ours to remove.
            ["preconditions"] = new JsonObject { ["uid"] = target.Uid },
        };
        if (onlyThisVersion)
            options["preconditions"]!["resourceVersion"] = target.ResourceVersion;
        var body = JsonSerializer.SerializeToUtf8Bytes(options);
        try
        {
            await JsonAsync(() => Request(HttpMethod.Delete, resource.Path(target.Namespace, target.Name), body, "application/json"), $"delete {target.Title}", cancellation);
            return true;
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    /// <summary>The last lines of a container's log; empty when it has none (yet).</summary>
    /// <param name="previous">The log of the run before this one: why a container crashed.</param>
    public async Task<IReadOnlyList<string>> LogsAsync(KubernetesObject pod, string container, int lines, bool previous, CancellationToken cancellation)
    {
        var path = $"api/v1/namespaces/{Uri.EscapeDataString(pod.Namespace ?? "")}/pods/{Uri.EscapeDataString(pod.Name)}/log?container={Uri.EscapeDataString(container)}&tailLines={lines}&limitBytes={LongestAnswer / 4}{(previous ? "&previous=true" : "")}";
        try
        {
            var text = await TextAsync(() => new(HttpMethod.Get, path), $"read the log of {pod.Title}", cancellation);
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound)
        {
            // "container … is waiting to start", "previous terminated container … not found".
            return [];
        }
    }

    /// <summary>Whether this user may send requests to a service through the API server. An answer of the service itself, whatever it is, says yes.</summary>
    internal async Task<bool> MayProxyAsync(ServingEndpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            await BytesAsync(() => new(HttpMethod.Get, endpoint.ProxyPath + "health"), $"reach Service/{endpoint.Service}", cancellation);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed && exception.Reason is "Forbidden" or "MethodNotAllowed")
        {
            return false;
        }
        catch (KubernetesApiException)
        {
            return true;
        }
        return true;
    }

    /// <summary>The events about an object, oldest first.</summary>
    public async Task<IReadOnlyList<KubernetesObject>> EventsAsync(KubernetesObject about, CancellationToken cancellation)
    {
        var events = await ListAsync(KubernetesKind.Event, new(about.Namespace, Fields: $"involvedObject.name={about.Name}"), cancellation);
        return [.. events.Items.Where(item => item.Json.Text("involvedObject", "uid") == about.Uid).OrderBy(EventTime)];
    }

    public void Dispose()
    {
        _http.Dispose();
        _discovery.Dispose();
    }

    /// <summary>When an event last happened: newer reporters fill <c>eventTime</c> or <c>series</c>, older ones the first and last timestamp.</summary>
    internal static DateTimeOffset? EventTime(KubernetesObject item) =>
        item.Json.Time("series", "lastObservedTime") ?? item.Json.Time("lastTimestamp") ?? item.Json.Time("eventTime") ?? item.CreatedAt;

    private static HttpRequestMessage Accepting(string? accept, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, byte[] body, string mediaType)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return new(method, path) { Content = content };
    }

    private PreheatException NoJson(string doing, JsonException exception) =>
        new($"Cannot {doing}: {Server} did not answer with JSON. Is it a Kubernetes API server?", exception);

    private async Task<JsonObject> JsonAsync(Func<HttpRequestMessage> create, string doing, CancellationToken cancellation)
    {
        var body = await BytesAsync(create, doing, cancellation);
        try
        {
            return JsonNode.Parse(body) as JsonObject ?? throw new JsonException("no object");
        }
        catch (JsonException exception)
        {
            throw NoJson(doing, exception);
        }
    }

    private async Task<string> TextAsync(Func<HttpRequestMessage> create, string doing, CancellationToken cancellation) =>
        Encoding.UTF8.GetString(await BytesAsync(create, doing, cancellation));

    private async Task<byte[]> BytesAsync(Func<HttpRequestMessage> create, string doing, CancellationToken cancellation)
    {
        using var response = await SendAsync(create, HttpCompletionOption.ResponseContentRead, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        return response.IsSuccessStatusCode ? body : throw KubernetesErrors.From(response.StatusCode, Encoding.UTF8.GetString(body), _context, doing);
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> create, HttpCompletionOption completion, CancellationToken cancellation)
    {
        try
        {
            return await HttpPipeline.SendAsync(_http, create, completion, _time, cancellation);
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested && KubernetesErrors.IsConnection(exception))
        {
            throw KubernetesErrors.From(exception, _context);
        }
    }
}
