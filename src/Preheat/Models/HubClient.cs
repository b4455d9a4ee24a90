using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Preheat.Http;

namespace Preheat.Models;

/// <summary>What the hub says about one revision.</summary>
public sealed record HubRevision(string Commit, string? License);

/// <summary>The model hub's protocol, as the hub's own Python client speaks it (huggingface_hub, <c>hf_api.py</c> and <c>file_download.py</c>).</summary>
public sealed class HubClient : IDisposable
{
    private const int LongestAnswer = 16 << 20;
    private const int MostFiles = 100_000;

    private readonly Uri _hub;
    private readonly Secret? _token;
    private readonly OriginClient _http;
    private readonly TimeProvider _time;

    /// <param name="token">Sent to the hub's own origin only, and never without TLS except to this machine.</param>
    /// <param name="say">Told about long waits that the hub asks for.</param>
    public HubClient(Uri hub, Secret? token, TimeProvider time, Action<string>? say = null)
    {
        _hub = hub.AbsoluteUri.EndsWith('/') ? hub : new Uri(hub.AbsoluteUri + "/");
        _token = hub.Scheme == Uri.UriSchemeHttps || hub.IsLoopback ? token : null;
        _time = time;
        _http = new OriginClient(time, say);
        if (token is not null && _token is null)
            say?.Invoke($"The token is not sent to {hub.Host}, because http does not hide it. Use an https address in HF_ENDPOINT for models that need a token.");
    }

    /// <summary>Pins a branch, tag or commit (null: the default branch) to a commit.</summary>
    /// <exception cref="UserException">No such repository or revision, or no access; the message names the next step.</exception>
    public async Task<HubRevision> GetRevisionAsync(string id, string? revision, CancellationToken cancellation)
    {
        var uri = new Uri(_hub, $"api/models/{id}/revision/{Uri.EscapeDataString(revision ?? "main")}");
        using var response = await GetAsync(uri, null, id, revision, null, cancellation);
        using var document = await ReadJsonAsync(response, uri, cancellation);
        var root = document.RootElement;
        if (!root.TryGetProperty("sha", out var sha) || sha.GetString() is not { Length: > 0 and <= 64 } commit || !commit.All(char.IsAsciiLetterOrDigit))
            throw new PreheatException($"{uri.Host} answered {uri.AbsolutePath} without a commit. Check that HF_ENDPOINT names a model hub.");
        return new HubRevision(commit, License(root));
    }

    /// <summary>All files of a commit, sorted by path; pages are followed by their <c>Link</c> header.</summary>
    public async Task<IReadOnlyList<ModelFile>> ListFilesAsync(string id, string commit, CancellationToken cancellation)
    {
        var files = new List<ModelFile>();
        Uri? page = new Uri(_hub, $"api/models/{id}/tree/{commit}?recursive=true");
        var seen = new HashSet<Uri>();
        while (page is not null)
        {
            if (!seen.Add(page) || !OriginClient.SameOrigin(page, _hub))
                throw new PreheatException($"{_hub.Host} lists the files of {id} in pages that lead in a circle or to another host ({page.Host}). Run the step again.");
            using var response = await GetAsync(page, null, id, commit, null, cancellation);
            using var document = await ReadJsonAsync(response, page, cancellation);
            foreach (var entry in document.RootElement.EnumerateArray())
            {
                if (ReadFile(entry) is { } file)
                    files.Add(file);
            }
            if (files.Count > MostFiles)
                throw new UserException($"{id} has more than {MostFiles:N0} files: it does not look like one model.");
            page = HttpLinks.Next(response, page);
        }
        files.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        return files;
    }

    /// <summary>Opens a file of a commit from <paramref name="offset"/>; the token is dropped when the hub redirects to its storage.</summary>
    public async Task<Stream> OpenAsync(string id, string commit, ModelFile file, long offset, long? length, CancellationToken cancellation)
    {
        if (length == 0 || offset >= file.Size)
            return Stream.Null;
        var path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        var uri = new Uri(_hub, $"{id}/resolve/{commit}/{path}");
        var range = offset > 0 || length is not null ? new RangeHeaderValue(offset, length is { } count ? offset + count - 1 : null) : null;
        var response = await GetAsync(uri, range, id, commit, file.Path, cancellation);
        try
        {
            if (range is not null && response.StatusCode != HttpStatusCode.PartialContent)
                throw new PreheatException($"{uri.Host} does not honour ranges ({(int)response.StatusCode} for {file.Path}). Check that HF_ENDPOINT names a model hub.");
            return new ResponseStream(response, await response.Content.ReadAsStreamAsync(cancellation));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> GetAsync(Uri uri, RangeHeaderValue? range, string id, string? revision, string? path, CancellationToken cancellation)
    {
        var response = await _http.SendAsync(
            uri,
            target =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, target);
                request.Headers.Range = range;
                return request;
            },
            _token is null ? null : new AuthenticationHeaderValue("Bearer", _token.Reveal()),
            cancellation);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await HubErrors.ReadAsync(response, _hub, id, revision, path, _token is not null, _time, cancellation);
    }

    private static async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage response, Uri uri, CancellationToken cancellation)
    {
        var body = await OriginClient.ReadBodyAsync(response, LongestAnswer, $"The answer of {uri.Host} to {uri.AbsolutePath}", cancellation);
        try
        {
            return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException exception)
        {
            throw new PreheatException($"{uri.Host} answered {uri.AbsolutePath} with something that is not JSON. Check that HF_ENDPOINT names a model hub.", exception);
        }
    }

    private static ModelFile? ReadFile(JsonElement entry)
    {
        if (entry.GetProperty("type").GetString() != "file")
            return null;
        var path = entry.GetProperty("path").GetString() ?? "";
        if (!ModelPaths.IsSafe(path))
            throw new UserException($"The repository has a file with the unsafe path '{string.Concat(path.Take(200).Select(character => char.IsControl(character) ? '?' : character))}'. Choose another model.");
        // Git's blob id is a SHA-1 over the content (for LFS files over the pointer); LFS names the content's SHA-256.
        var identity = "git:" + entry.GetProperty("oid").GetString();
        if (!entry.TryGetProperty("lfs", out var lfs) || lfs.ValueKind != JsonValueKind.Object)
            return new ModelFile(path, entry.GetProperty("size").GetInt64(), null, identity);
        var sha256 = lfs.GetProperty("oid").GetString() ?? "";
        return new ModelFile(path, lfs.GetProperty("size").GetInt64(), sha256.StartsWith("sha256:", StringComparison.Ordinal) ? sha256[7..] : sha256, identity);
    }

    private static string? License(JsonElement root)
    {
        if (root.TryGetProperty("cardData", out var card) && card.ValueKind == JsonValueKind.Object && card.TryGetProperty("license", out var license)
            && license.ValueKind == JsonValueKind.String)
            return license.GetString();
        if (!root.TryGetProperty("tags", out var tags) || tags.ValueKind != JsonValueKind.Array)
            return null;
        const string prefix = "license:";
        return tags.EnumerateArray()
            .Where(tag => tag.ValueKind == JsonValueKind.String)
            .Select(tag => tag.GetString()!)
            .FirstOrDefault(tag => tag.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
    }
}
