using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>Outcome of one probe; <paramref name="Fault"/> is null when it succeeded.</summary>
internal readonly record struct ProbeResult(string? Fault);

/// <summary>
/// Runs one probe of a container for real, over HTTP or TCP at the container's own address. Delays and periods are infrastructure time with a
/// floor of 20 ms (1 s while all is well); the time-out of one attempt is real.
/// </summary>
internal sealed class ProbeRunner(JsonObject probe, JsonObject container, IRunningContainer running, string podAddress, HttpClient http, InfrastructureClock clock)
{
    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(20);

    /// <summary>A container that is well is looked at less often than a scaled clock would have it: an idle cloud shall cost next to nothing.</summary>
    private static readonly TimeSpan SteadyFloor = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Probes until cancelled. <paramref name="succeeded"/> and <paramref name="failed"/> are called each time the threshold is reached anew;
    /// either returns false to end the probing. <paramref name="fault"/> hears every single failure.
    /// </summary>
    public async Task RunAsync(Func<bool> succeeded, Func<string, bool> failed, Action<string> fault, CancellationToken cancellation)
    {
        await DelayAsync("initialDelaySeconds", 0, Floor, cancellation);
        var (successes, failures) = (0, 0);
        while (true)
        {
            var result = await TryOnceAsync(cancellation);
            if (result.Fault is null)
            {
                (successes, failures) = (successes + 1, 0);
                if (successes == probe.Int(1, "successThreshold") && !succeeded())
                {
                    return;
                }
            }
            else
            {
                (successes, failures) = (0, failures + 1);
                fault(result.Fault);
                if (failures == probe.Int(3, "failureThreshold") && !failed(result.Fault))
                {
                    return;
                }
            }

            await DelayAsync("periodSeconds", 10, successes >= probe.Int(1, "successThreshold") ? SteadyFloor : Floor, cancellation);
        }
    }

    private Task DelayAsync(string name, int otherwise, TimeSpan floor, CancellationToken cancellation)
    {
        var modelled = TimeSpan.FromSeconds(probe.Int(otherwise, name));
        if (modelled == TimeSpan.Zero)
        {
            return Task.CompletedTask;
        }

        var scaled = clock.Scale(modelled);
        return Task.Delay(scaled > floor ? scaled : floor, clock.Time, cancellation);
    }

    private async Task<ProbeResult> TryOnceAsync(CancellationToken cancellation)
    {
        var action = probe.Map("httpGet") ?? probe.Map("tcpSocket") ?? [];
        var port = (int)(action.Number("port")
            ?? container.Objects("ports").FirstOrDefault(item => item.Text("name") == action.Text("port")).Number("containerPort") ?? 0);
        var shown = string.Create(CultureInfo.InvariantCulture, $"{podAddress}:{port}");
        if (running.Address(port) is not { } address)
        {
            return new ProbeResult($"dial tcp {shown}: connect: connection refused");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(Math.Max(1, probe.Int(1, "timeoutSeconds"))));
        try
        {
            return probe.Map("httpGet") is { } get ? await GetAsync(get, address, limit.Token) : await ConnectAsync(address, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ProbeResult($"Get \"http://{shown}{action.Text("path")}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException)
        {
            return new ProbeResult($"Get \"http://{shown}{action.Text("path")}\": {e.Message}");
        }
    }

    private async Task<ProbeResult> GetAsync(JsonObject get, Uri address, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, (get.Text("path") ?? "/") is var path && path.StartsWith('/') ? $".{path}" : $"./{path}"));
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.33");
        foreach (var header in get.Objects("httpHeaders"))
        {
            request.Headers.TryAddWithoutValidation(header.Text("name") ?? "", header.Text("value") ?? "");
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return new ProbeResult((int)response.StatusCode is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {(int)response.StatusCode}");
    }

    private static async Task<ProbeResult> ConnectAsync(Uri address, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, cancellation);
        return new ProbeResult(Fault: null);
    }
}
