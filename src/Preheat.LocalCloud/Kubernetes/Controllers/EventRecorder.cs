using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Writes Events. A repeat of the same event counts up the first one. Times are also given in microseconds (<c>eventTime</c>), because a
/// scaled phase lasts less than a second; <c>preheat.dev/simulated-seconds</c> carries the modelled time of the phase that ended.
/// </summary>
internal sealed class EventRecorder(ObjectStore store, TimeProvider time)
{
    /// <summary>Annotation with the seconds that the simulated hardware would have taken.</summary>
    public const string SimulatedSeconds = "preheat.dev/simulated-seconds";

    private const int RememberLimit = 10_000;

    private readonly ConcurrentDictionary<(string Uid, string Reason, string Message), ObjectKey> _known = new();

    public void Normal(StoredObject about, string component, string reason, string message, TimeSpan? simulated = null) =>
        Write(about, component, "Normal", reason, message, simulated);

    public void Warning(StoredObject about, string component, string reason, string message) =>
        Write(about, component, "Warning", reason, message, simulated: null);

    /// <summary>Seconds as an annotation holds them.</summary>
    public static string Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3).ToString(CultureInfo.InvariantCulture);

    private void Write(StoredObject about, string component, string type, string reason, string message, TimeSpan? simulated)
    {
        var now = time.GetUtcNow();
        if (_known.TryGetValue((about.Uid, reason, message), out var known) && store.Update(known, json =>
        {
            json["count"] = (json.Number("count") ?? 1) + 1;
            json["lastTimestamp"] = KubeJson.Seconds(now);
            json["series"] = new JsonObject { ["count"] = json["count"]!.DeepClone(), ["lastObservedTime"] = KubeJson.Micros(now) };
            return true;
        }) is not null)
        {
            return;
        }

        var ns = about.Namespace.Length == 0 ? "default" : about.Namespace;
        var name = string.Create(CultureInfo.InvariantCulture, $"{about.Name[..Math.Min(about.Name.Length, 200)]}.{now.Ticks:x}{Random.Shared.Next(0x1000):x3}");
        var involved = new JsonObject
        {
            ["kind"] = about.Key.Kind.Kind,
            ["apiVersion"] = about.Key.Kind.ApiVersion,
            ["name"] = about.Name,
            ["uid"] = about.Uid,
            ["resourceVersion"] = about.Json.Text("metadata", "resourceVersion"),
        };
        if (about.Namespace.Length > 0)
        {
            involved["namespace"] = about.Namespace;
        }

        var json = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject(),
            ["involvedObject"] = involved,
            ["reason"] = reason,
            ["message"] = message,
            ["type"] = type,
            ["count"] = 1,
            ["firstTimestamp"] = KubeJson.Seconds(now),
            ["lastTimestamp"] = KubeJson.Seconds(now),
            ["eventTime"] = KubeJson.Micros(now),
            ["source"] = new JsonObject { ["component"] = component },
            ["reportingComponent"] = component,
            ["reportingInstance"] = "preheat-local",
        };
        if (simulated is { } span)
        {
            json.Ensure("metadata", "annotations")[SimulatedSeconds] = Seconds(span);
        }

        var key = new ObjectKey(ResourceKinds.Event, ns, name);
        if (store.Get(new ObjectKey(ResourceKinds.Namespace, "", ns)) is null)
        {
            return;
        }

        store.Create(key, json);
        if (_known.Count > RememberLimit)
        {
            _known.Clear();
        }

        _known[(about.Uid, reason, message)] = key;
    }
}
