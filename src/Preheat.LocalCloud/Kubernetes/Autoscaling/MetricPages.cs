using System.Text;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>Reads the metrics that a pod shows over HTTP.</summary>
internal sealed class MetricPages(PodNetwork network, HttpClient http)
{
    private const int BodyLimit = 4 * 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>The page's samples with a finite value; null from a pod that does not answer: its last values age.</summary>
    /// <param name="path">Null for <c>/metrics</c>.</param>
    public async Task<List<Sample>?> ReadAsync(StoredObject pod, int port, string? path, CancellationToken stopping)
    {
        if (network.Address(pod.Uid, port) is not { } address)
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Timeout);
        try
        {
            var text = await ReadAsync(new Uri(address, $"./{(path ?? "/metrics").TrimStart('/')}"), limit.Token);
            return [.. Exposition.Parse(text).Where(sample => double.IsFinite(sample.Value))];
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !stopping.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<string> ReadAsync(Uri address, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[64 * 1024];
        using var text = new MemoryStream();
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0 && text.Length < BodyLimit)
        {
            text.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }
}
