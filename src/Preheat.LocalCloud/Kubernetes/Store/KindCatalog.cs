using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Definitions;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>
/// The kinds that one cluster serves: the server's own and those of its CustomResourceDefinitions. Readers see a whole state, never a half.
/// </summary>
internal sealed class KindCatalog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<DefinedKind>> _defined = new(StringComparer.Ordinal);
    private volatile State _state;

    public KindCatalog() => _state = new State([]);

    /// <summary>Every kind and version that is served, own ones first, then by group and name, the preferred version first.</summary>
    public IReadOnlyList<ResourceKind> All => _state.All;

    /// <summary>Changes whenever a definition does; for caches of what is made from the kinds.</summary>
    public object Edition => _state;

    /// <summary>The kind at a URL; null when none is served there.</summary>
    public ResourceKind? AtPath(string group, string version, string plural) => _state.ByPath.GetValueOrDefault((group, version, plural));

    /// <summary>The kind that an object names, served or not; null when there is none.</summary>
    public ResourceKind? OfType(string? apiVersion, string? kind) => _state.ByType.GetValueOrDefault((apiVersion ?? "", kind ?? ""));

    /// <summary>Learns from a change of an object: only definitions teach. <paramref name="json"/> null means that it is gone.</summary>
    public void Hear(ObjectKey key, JsonObject? json)
    {
        if (key.Kind != ResourceKinds.CustomResourceDefinition)
        {
            return;
        }

        lock (_lock)
        {
            if (json is null || !DefinedKinds.AreEstablished(json))
            {
                if (!_defined.Remove(key.Name))
                {
                    return;
                }
            }
            else
            {
                _defined[key.Name] = [.. DefinedKinds.Of(json)];
            }

            _state = new State([.. _defined.OrderBy(pair => pair.Value[0].Kind.Group, StringComparer.Ordinal).ThenBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value)]);
        }
    }

    private sealed class State
    {
        public State(IReadOnlyList<DefinedKind> defined)
        {
            All = [.. ResourceKinds.BuiltIn, .. defined.Where(item => item.Served).Select(item => item.Kind)];
            foreach (var kind in All)
            {
                ByPath.TryAdd((kind.Group, kind.Version, kind.Plural), kind);
            }

            foreach (var kind in All.Concat(defined.Select(item => item.Kind)))
            {
                ByType.TryAdd((kind.ApiVersion, kind.Kind), kind);
            }
        }

        public IReadOnlyList<ResourceKind> All { get; }

        public Dictionary<(string Group, string Version, string Plural), ResourceKind> ByPath { get; } = [];

        public Dictionary<(string ApiVersion, string Kind), ResourceKind> ByType { get; } = [];
    }
}
