using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Patching;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>
/// Kinds that a GKE cluster brings along, as definitions like any other: the YAML files of <c>Definitions/Preinstalled</c>.
/// </summary>
internal static class PreinstalledDefinitions
{
    private const string Prefix = "Preinstalled/";

    /// <summary>The definitions with defaults and their names accepted.</summary>
    public static IReadOnlyList<JsonObject> Read(DateTimeOffset time)
    {
        var assembly = typeof(PreinstalledDefinitions).Assembly;
        var definitions = new List<JsonObject>();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            var definition = YamlBody.Parse(bytes.ToArray()) as JsonObject ?? throw new InvalidOperationException($"{name} holds no definition.");
            Defaults.Apply(ResourceKinds.CustomResourceDefinition, definition);
            DefinitionStatus.Settle(definition, conflict: null, time);
            definitions.Add(definition);
        }

        return definitions;
    }

    /// <summary>Brings the store's definitions to those of this program; what a user changed in them goes back.</summary>
    public static void Install(ObjectStore store, IReadOnlyList<JsonObject> definitions)
    {
        foreach (var definition in definitions)
        {
            var key = KeyOf(definition);
            if (store.Get(key) is null)
            {
                store.Create(key, definition.Copy());
            }
            else
            {
                store.Update(key, json =>
                {
                    json["spec"] = definition["spec"]!.DeepClone();
                    return true;
                });
            }
        }
    }

    public static ObjectKey KeyOf(JsonObject definition) => new(ResourceKinds.CustomResourceDefinition, "", definition.Text("metadata", "name") ?? "");
}
