using System.Collections.Concurrent;
using System.Globalization;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>One ready pod behind a service's port.</summary>
internal readonly record struct RouteTarget(string PodUid, int Port);

/// <summary>A service's port and the pods behind it.</summary>
internal sealed record ServiceRoute(string Name, int Port, RouteTarget[] Targets)
{
    private int _turn = -1;

    public RouteTarget Next() => Targets[(int)((uint)Interlocked.Increment(ref _turn) % (uint)Targets.Length)];
}

/// <summary>Where the proxy sends a service's requests; read on every request, so without locks.</summary>
internal sealed class ServiceRoutes
{
    private readonly ConcurrentDictionary<(string Namespace, string Name), ServiceRoute[]> _routes = new();

    public void Set(string ns, string name, IEnumerable<ServiceRoute> routes) => _routes[(ns, name)] = [.. routes];

    public void Remove(string ns, string name) => _routes.TryRemove((ns, name), out _);

    /// <summary>
    /// The next ready pod, in turn. <paramref name="port"/> is a port's name or number, or empty for a service with one port. Null when
    /// there is none.
    /// </summary>
    public Uri? Next(string ns, string name, string port, PodNetwork network)
    {
        if (!_routes.TryGetValue((ns, name), out var routes))
        {
            return null;
        }

        foreach (var route in routes)
        {
            if (!(port.Length == 0 ? routes.Length == 1 : route.Name == port || route.Port.ToString(CultureInfo.InvariantCulture) == port))
            {
                continue;
            }

            // A pod that has just stopped may still be listed: the next one is taken then.
            for (var left = route.Targets.Length; left > 0; left--)
            {
                var target = route.Next();
                if (network.Address(target.PodUid, target.Port) is { } address)
                {
                    return address;
                }
            }
        }

        return null;
    }
}
