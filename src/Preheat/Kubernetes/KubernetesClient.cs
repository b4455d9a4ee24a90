using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Http;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Which objects of a kind are asked for; null leaves a part open.</summary>
/// <param name="Namespace">Null means all namespaces.</param>
/// <param name="Labels">Label selector: <c>app=gemma</c>.</param>
/// <param name="Fields">Field selector: <c>involvedObject.name=gemma</c>.</param>
public sealed record ObjectFilter(string? Namespace = null, string? Labels = null, string? Fields = null);

/// <summary>Objects of one list, with the version to watch from.</summary>
public sealed record ObjectList(IReadOnlyList<KubernetesObject> Items, string ResourceVersion);

/// <summary>Talks to a Kubernetes API server over REST (Kubernetes API concepts). Reads, applies and deletes are safe to repeat and are retried.</summary>
/// <remarks>Errors: <see cref="KubernetesApiException"/> for an answer that is no success, <see cref="UserException"/> for trust and host names, <see cref="PreheatException"/> for a lost connection.</remarks>
public sealed partial class KubernetesClient : IDisposable
{
    /// <summary>Owner of the fields that this program applies.</summary>
    public const string FieldManager = ManifestChecks.Manager;

    private const int PageSize = 500;
    private const int LongestAnswer = 64 * 1024 * 1024;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private readonly KubeContext _context;
    private readonly HttpClient _http;
    private readonly ApiDiscovery _discovery;
    private readonly TimeProvider _time;

    private KubernetesClient(KubeContext context, TimeProvider time, DryRun? dryRun)
    {
        DryRun = dryRun;
        _context = context;
        _time = time;
        _http = ClusterTransport.Create(context, time, AnswerTimeout);
        _http.MaxResponseContentBufferSize = LongestAnswer;
        _discovery = new((path, cancellation) => JsonAsync(() => new(HttpMethod.Get, path), $"read {path}", cancellation));
    }

    /// <summary>Name of the kubeconfig context.</summary>
    public string Context => _context.Name;

    public Uri Server => _context.Server;

    /// <summary>Takes the requests that change something; null sends them.</summary>
    public DryRun? DryRun { get; }

    /// <summary>Makes a client for the context that <paramref name="endpoints"/> names. No request is sent yet.</summary>
    /// <exception cref="UserException">There is no such kubeconfig or context, or it is not understood.</exception>
    public static KubernetesClient Connect(CloudEndpoints endpoints, TimeProvider time) => new(Kubeconfig.Resolve(endpoints), time, endpoints.DryRun);

    /// <summary>True when the cluster has this kind.</summary>
    public async Task<bool> HasKindAsync(KubernetesKind kind, CancellationToken cancellation) => await _discovery.FindAsync(kind, cancellation) is not null;

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

    /// <summary>All objects that match, page by page.</summary>
    public async Task<ObjectList> ListAsync(KubernetesKind kind, ObjectFilter filter, CancellationToken cancellation)
    {
        var resource = await _discovery.GetAsync(kind, cancellation);
        var items = new List<KubernetesObject>();
        string? next = null;
        while (true)
        {
            var path = $"{resource.Path(filter.Namespace)}?limit={PageSize}{QueryOf(filter)}{(next is null ? "" : "&continue=" + Uri.EscapeDataString(next))}";
            JsonObject page;
            try
            {
                page = await JsonAsync(() => new(HttpMethod.Get, path), $"list {resource.Plural}", cancellation);
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Gone && next is not null)
            {
                // The list took so long that its snapshot is gone: begin again.
                (next, items) = (null, []);
                continue;
            }
            items.AddRange(page.Items("items").Select(item => Typed(item, kind)));
            next = page.Text("metadata", "continue");
            if (string.IsNullOrEmpty(next))
                return new(items, page.Text("metadata", "resourceVersion") ?? "0");
        }
    }

    /// <summary>Creates or changes an object by server-side apply: only the fields given become ours, nobody else's are taken.</summary>
    /// <exception cref="KubernetesApiException">Among others 409: a field belongs to another manager; the message lists them.</exception>
    public async Task<KubernetesObject> ApplyAsync(JsonObject manifest, CancellationToken cancellation)
    {
        var wanted = new KubernetesObject(manifest);
        var resource = await _discovery.GetAsync(wanted.Kind, cancellation);
        var path = $"{resource.Path(wanted.Namespace, wanted.Name)}?fieldManager={FieldManager}&force=false&fieldValidation=Strict";
        if (DryRun is not null)
        {
            DryRun.Request("PATCH", path, $"{wanted.Title} in context {Context}");
            return wanted;
        }
        // JSON is YAML; the server takes apply patches under this type only (API concepts, "Server-Side Apply").
        var body = JsonSerializer.SerializeToUtf8Bytes(manifest);
        return new(await JsonAsync(() => Request(HttpMethod.Patch, path, body, "application/apply-patch+yaml"), $"apply {wanted.Title}", cancellation));
    }

    /// <summary>Asks for the removal of exactly this object. True when it was there.</summary>
    /// <param name="waitForDependents">Foreground deletion: the object stays, marked, until what it owns is gone.</param>
    public async Task<bool> DeleteAsync(KubernetesObject target, bool waitForDependents, CancellationToken cancellation)
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

    /// <summary>The events about an object, oldest first.</summary>
    public async Task<IReadOnlyList<KubernetesObject>> EventsAsync(KubernetesObject about, CancellationToken cancellation)
    {
        var events = await ListAsync(KubernetesKind.Event, new(about.Namespace, Fields: $"involvedObject.name={about.Name}"), cancellation);
        return [.. events.Items.Where(item => item.Json.Text("involvedObject", "uid") == about.Uid).OrderBy(EventTime)];
    }

    public void Dispose() => _http.Dispose();

    /// <summary>When an event last happened: newer reporters fill <c>eventTime</c> or <c>series</c>, older ones the first and last timestamp.</summary>
    internal static DateTimeOffset? EventTime(KubernetesObject item) =>
        item.Json.Time("series", "lastObservedTime") ?? item.Json.Time("lastTimestamp") ?? item.Json.Time("eventTime") ?? item.CreatedAt;

    private static string QueryOf(ObjectFilter filter) =>
        (filter.Labels is null ? "" : "&labelSelector=" + Uri.EscapeDataString(filter.Labels)) + (filter.Fields is null ? "" : "&fieldSelector=" + Uri.EscapeDataString(filter.Fields));

    // Items of a list carry neither kind nor apiVersion.
    private static KubernetesObject Typed(JsonObject item, KubernetesKind kind)
    {
        item["apiVersion"] ??= kind.ApiVersion;
        item["kind"] ??= kind.Kind;
        return new(item);
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, byte[] body, string mediaType)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return new(method, path) { Content = content };
    }

    private async Task<JsonObject> JsonAsync(Func<HttpRequestMessage> create, string doing, CancellationToken cancellation)
    {
        var text = await TextAsync(create, doing, cancellation);
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new JsonException("no object");
        }
        catch (JsonException exception)
        {
            throw new PreheatException($"Cannot {doing}: {Server} did not answer with JSON. Is it a Kubernetes API server?", exception);
        }
    }

    private async Task<string> TextAsync(Func<HttpRequestMessage> create, string doing, CancellationToken cancellation)
    {
        using var response = await SendAsync(create, HttpCompletionOption.ResponseContentRead, cancellation);
        var body = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellation));
        return response.IsSuccessStatusCode ? body : throw KubernetesErrors.From(response.StatusCode, body, _context, doing);
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
