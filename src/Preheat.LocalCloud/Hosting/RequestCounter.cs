using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Counts the requests since the start, by listener and method, those to the API server's dry run apart; admin calls are not counted.</summary>
internal sealed class RequestCounter
{
    private readonly ConcurrentDictionary<(string Listener, string Method), long> _counts = new();

    public void Count(string listener, string method) => _counts.AddOrUpdate((listener, method), 1, (_, count) => count + 1);

    /// <summary><c>{"registry":{"PUT":3}}</c>, sorted.</summary>
    public JsonObject ToJson() => new(_counts.GroupBy(entry => entry.Key.Listener).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => KeyValuePair.Create(
        group.Key,
        (JsonNode?)new JsonObject(group.OrderBy(entry => entry.Key.Method, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key.Method, (JsonNode?)JsonValue.Create(entry.Value)))))));
}
