using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;

namespace Preheat.LocalCloud.Kubernetes.Store;

/// <summary>
/// A label selector: the text form of <c>?labelSelector=</c> (<c>a=b,c!=d,e in (f,g),h notin (i),j,!k</c>) or the object form
/// (<c>matchLabels</c>, <c>matchExpressions</c>).
/// </summary>
internal sealed class LabelSelector
{
    private readonly List<Requirement> _requirements = [];

    public static readonly LabelSelector Everything = new();

    /// <summary>Reads the text form; 400 when it is none.</summary>
    public static LabelSelector Parse(string? text)
    {
        var selector = new LabelSelector();
        foreach (var part in Split(text ?? ""))
        {
            selector._requirements.Add(ParseOne(part.Trim()) ?? throw ApiException.BadRequest($"unable to parse requirement: \"{part.Trim()}\""));
        }

        return selector;
    }

    /// <summary>Reads the object form of <c>spec.selector</c>; a null or empty selector selects nothing here.</summary>
    public static LabelSelector? FromObject(JsonObject? json)
    {
        if (json is null || json.Count == 0)
        {
            return null;
        }

        var selector = new LabelSelector();
        selector._requirements.AddRange(json.StringMap("matchLabels").Select(pair => new Requirement(pair.Key, "in", [pair.Value])));
        foreach (var expression in json.Objects("matchExpressions"))
        {
            selector._requirements.Add(new Requirement(
                expression.Text("key") ?? "", (expression.Text("operator") ?? "").ToLowerInvariant(), [.. expression.Texts("values")]));
        }

        return selector;
    }

    /// <summary>The plain map form of a Service; null for an empty one.</summary>
    public static LabelSelector? FromMap(JsonObject? json)
    {
        if (json is null || json.Count == 0)
        {
            return null;
        }

        var selector = new LabelSelector();
        selector._requirements.AddRange(json.StringMap().Select(pair => new Requirement(pair.Key, "in", [pair.Value])));
        return selector;
    }

    public bool Matches(StoredObject item) => _requirements.Count == 0 || Matches(item.Json.Map("metadata", "labels"));

    public bool Matches(JsonObject? labels) => _requirements.TrueForAll(requirement => requirement.Matches(labels));

    private static IEnumerable<string> Split(string text)
    {
        var (start, depth) = (0, 0);
        for (var at = 0; at <= text.Length; at++)
        {
            if (at == text.Length || (text[at] == ',' && depth == 0))
            {
                if (text[start..at].Trim().Length > 0)
                {
                    yield return text[start..at];
                }

                start = at + 1;
            }
            else
            {
                depth += text[at] switch { '(' => 1, ')' => -1, _ => 0 };
            }
        }
    }

    private static Requirement? ParseOne(string part)
    {
        if (part.EndsWith(')') && part.IndexOf('(', StringComparison.Ordinal) is > 0 and var open)
        {
            var words = part[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words is [var key, "in" or "notin"] ? new Requirement(key, words[1], part[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries)) : null;
        }

        foreach (var (sign, name) in new[] { ("!=", "notin"), ("==", "in"), ("=", "in") })
        {
            if (part.IndexOf(sign, StringComparison.Ordinal) is > 0 and var at)
            {
                return new Requirement(part[..at].Trim(), name, [part[(at + sign.Length)..].Trim()]);
            }
        }

        var negated = part.StartsWith('!');
        var word = part.TrimStart('!').Trim();
        return word.Length == 0 || word.Contains(' ', StringComparison.Ordinal) ? null : new Requirement(word, negated ? "doesnotexist" : "exists", []);
    }

    private sealed record Requirement(string Key, string Operator, string[] Values)
    {
        public bool Matches(JsonObject? labels)
        {
            var value = labels.Text(Key);
            return Operator switch
            {
                "in" => value is not null && Values.Contains(value),
                "notin" => value is null || !Values.Contains(value),
                "exists" => value is not null,
                "doesnotexist" => value is null,
                _ => false,
            };
        }
    }
}

/// <summary><c>?fieldSelector=</c>: equality on the fields that Kubernetes lets a client select by.</summary>
internal sealed class FieldSelector
{
    private static readonly HashSet<string> Everywhere = ["metadata.name", "metadata.namespace"];

    private static readonly Dictionary<ResourceKind, string[]> ByKind = new()
    {
        [ResourceKinds.Pod] = ["status.phase", "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.podIP"],
        [ResourceKinds.Event] =
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
        ],
        [ResourceKinds.Secret] = ["type"],
        [ResourceKinds.Namespace] = ["status.phase"],
        [ResourceKinds.Node] = ["spec.unschedulable"],
        [ResourceKinds.ReplicaSet] = ["status.replicas"],
    };

    private readonly List<(string[] Path, bool Equal, string Value)> _terms = [];

    /// <summary>Reads the text form; 400 for a field that this kind cannot be selected by.</summary>
    public static FieldSelector Parse(ResourceKind kind, string? text)
    {
        var selector = new FieldSelector();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw ApiException.BadRequest($"invalid field selector: {part}");
            }

            var name = part[..at].TrimEnd('!');
            if (!Everywhere.Contains(name) && !(ByKind.TryGetValue(kind, out var known) && known.Contains(name)) && kind.Defined?.Selectable.Contains(name) != true)
            {
                throw ApiException.BadRequest($"field label not supported: {name}");
            }

            selector._terms.Add((name.Split('.'), part[at - 1] != '!', part[(at + 1)..].TrimStart('=')));
        }

        return selector;
    }

    public bool Matches(StoredObject item) => _terms.Count == 0 || Matches(item.Json);

    private bool Matches(JsonObject json) => _terms.TrueForAll(term => (Value(json, term.Path) == term.Value) == term.Equal);

    private static string Value(JsonObject json, string[] path)
    {
        // An event's source is selected by its component.
        var node = json.At(path) is JsonObject source ? source["component"] : json.At(path);
        return node.Text() ?? node?.ToJsonString() ?? "";
    }
}
