using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Gives Services of type LoadBalancer an address that works: a loopback address of their own (where the system has more than one) with a
/// listener on each of their ports. It balances connections, not requests, as a network load balancer does.
/// </summary>
internal sealed class LoadBalancers(ObjectStore store, InfrastructureClock clock, EventRecorder events, ServiceRoutes routes, PodNetwork network, Action touch)
    : Controller(store, clock), IAsyncDisposable
{
    private const string Component = "service-controller";
    private const int Attempts = 20;

    /// <summary>How long a load balancer takes.</summary>
    private static readonly TimeSpan Provisioning = TimeSpan.FromSeconds(40);

    private readonly InfrastructureClock _clock = clock;
    private readonly ConcurrentDictionary<ObjectKey, Balancer> _balancers = new();
    private readonly ConcurrentDictionary<ObjectKey, DateTimeOffset> _due = new();

    public async ValueTask DisposeAsync() => await Task.WhenAll(_balancers.Values.Select(balancer => balancer.DisposeAsync().AsTask()));

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) => change.Object.Key.Kind == ResourceKinds.Service ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Service).Select(item => item.Key);

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        var service = Store.Get(key) is { Deleting: false } found && found.Json.Text("spec", "type") == "LoadBalancer" ? found : null;
        var ports = service?.Json.Objects("spec", "ports").Select(port => port.Int(0, "port")).Order().ToList() ?? [];
        if (_balancers.TryGetValue(key, out var balancer))
        {
            if (service?.Uid == balancer.Uid && ports.SequenceEqual(balancer.Ports))
            {
                return;
            }

            _balancers.TryRemove(key, out _);
            await balancer.DisposeAsync();
        }

        if (service is null)
        {
            _due.TryRemove(key, out _);
            Publish(key, null);
            return;
        }

        var given = service.Json.Objects("status", "loadBalancer", "ingress").FirstOrDefault().Text("ip");
        if (given is null && !IsDue(service))
        {
            return;
        }

        try
        {
            balancer = Listen(service, ports, given);
        }
        catch (SocketException e)
        {
            events.Warning(service, Component, "SyncLoadBalancerFailed", $"Error syncing load balancer: failed to ensure load balancer: ports {string.Join(", ", ports)}: {e.Message}");
            return;
        }

        _balancers[key] = balancer;
        Publish(key, balancer.Address.ToString());
        if (_due.TryRemove(key, out _))
        {
            events.Normal(service, Component, "EnsuredLoadBalancer", "Ensured load balancer", Provisioning);
        }
    }

    private bool IsDue(StoredObject service)
    {
        var now = _clock.Time.GetUtcNow();
        if (_due.TryGetValue(service.Key, out var due))
        {
            return now >= due - TimeSpan.FromMilliseconds(1);
        }

        _due[service.Key] = now + _clock.Scale(Provisioning);
        events.Normal(service, Component, "EnsuringLoadBalancer", "Ensuring load balancer");
        EnqueueAfter(service.Key, _clock.Scale(Provisioning) + TimeSpan.FromMilliseconds(1));
        return false;
    }

    private void Publish(ObjectKey key, string? address) => Store.Update(key, json =>
    {
        if (address is null && json.At("status", "loadBalancer", "ingress") is null)
        {
            return false;
        }

        json.Ensure("status")["loadBalancer"] = address is null ? new JsonObject()
            : new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = address, ["ipMode"] = "VIP" }) };
        return true;
    });

    /// <summary>The address that it had, or the first free one of a few that follow from its name.</summary>
    private Balancer Listen(StoredObject service, List<int> ports, string? given)
    {
        if (given is not null && IPAddress.TryParse(given, out var earlier))
        {
            try
            {
                return new Balancer(service, ports, earlier, Next, touch);
            }
            catch (SocketException)
            {
                // Somebody else has it by now: another one.
            }
        }

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new Balancer(service, ports, AddressOf(service.Key, attempt), Next, touch);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < Attempts && OperatingSystem.IsLinux())
            {
                // The next address.
            }
        }
    }

    /// <summary>Linux answers on all of 127.0.0.0/8, other systems on one address.</summary>
    private static IPAddress AddressOf(ObjectKey key, int attempt)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{key}/{attempt}"));
        return OperatingSystem.IsLinux() ? new IPAddress([127, (byte)(64 + (hash[0] % 128)), hash[1], (byte)(1 + (hash[2] % 254))]) : IPAddress.Loopback;
    }

    private Uri? Next(ObjectKey key, int port) => routes.Next(key.Namespace, key.Name, port.ToString(System.Globalization.CultureInfo.InvariantCulture), network);

    /// <summary>The listeners of one service.</summary>
    private sealed class Balancer : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly List<TcpListener> _listeners = [];
        private readonly Func<ObjectKey, int, Uri?> _next;
        private readonly Action _touch;
        private readonly ObjectKey _key;

        /// <exception cref="SocketException">A port cannot be had.</exception>
        public Balancer(StoredObject service, IReadOnlyList<int> ports, IPAddress address, Func<ObjectKey, int, Uri?> next, Action touch)
        {
            (Uid, Ports, Address, _next, _touch, _key) = (service.Uid, ports, address, next, touch, service.Key);
            try
            {
                foreach (var port in ports)
                {
                    var listener = new TcpListener(address, port);
                    _listeners.Add(listener);
                    listener.Start();
                }
            }
            catch
            {
                _listeners.ForEach(listener => listener.Dispose());
                _stopping.Dispose();
                throw;
            }

            foreach (var (listener, port) in _listeners.Zip(ports))
            {
                _ = AcceptAsync(listener, port);
            }
        }

        public string Uid { get; }

        public IReadOnlyList<int> Ports { get; }

        public IPAddress Address { get; }

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            _listeners.ForEach(listener => listener.Dispose());
        }

        private async Task AcceptAsync(TcpListener listener, int port)
        {
            while (!_stopping.IsCancellationRequested)
            {
                try
                {
                    _ = ForwardAsync(await listener.AcceptTcpClientAsync(_stopping.Token), port);
                }
                catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
                {
                    // Closed, or a client that was gone before it was taken.
                }
            }
        }

        private async Task ForwardAsync(TcpClient client, int port)
        {
            using (client)
            {
                // Without a ready pod the connection is closed at once.
                if (_next(_key, port) is not { } target)
                {
                    return;
                }

                using var pod = new TcpClient { NoDelay = true };
                client.NoDelay = true;
                try
                {
                    _touch();
                    await pod.ConnectAsync(target.Host, target.Port, _stopping.Token);
                    var (outer, inner) = (client.GetStream(), pod.GetStream());
                    var (asked, answered) = (outer.CopyToAsync(inner, _stopping.Token), inner.CopyToAsync(outer, _stopping.Token));
                    if (await Task.WhenAny(asked, answered) == asked)
                    {
                        // A client that has said all may still wait for the rest of the answer.
                        await asked;
                        pod.Client.Shutdown(SocketShutdown.Send);
                        await answered;
                    }

                    _touch();
                }
                catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
                {
                    // One side went away; the other one sees its connection end.
                }
            }
        }
    }
}
