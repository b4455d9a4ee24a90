using System.Text.Json.Nodes;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>A deployment's receipts in its own namespace: the ConfigMap <c>preheat-DEPLOYMENT-receipts</c>, labelled as everything that is made for it.</summary>
/// <remarks>Deploy never prunes it; Teardown removes it with the rest.</remarks>
public sealed class ClusterReceipts(string deployment, string inNamespace, CloudEndpoints endpoints, TimeProvider time) : ISharedReceipts
{
    public string Place => $"ConfigMap/{Name} of namespace {inNamespace}";

    private string Name => NameOf(deployment);

    /// <summary>Name of a deployment's ConfigMap.</summary>
    public static string NameOf(string deployment) => $"preheat-{deployment}-receipts";

    /// <exception cref="PreheatException">The cluster cannot be reached, or refuses.</exception>
    public async Task<IReadOnlyDictionary<string, string>?> ReadAsync(CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        var found = await client.FindAsync(KubernetesKind.ConfigMap, inNamespace, Name, cancellation);
        if (found is null || found.Label(ManifestChecks.DeploymentLabel) != deployment)
            return null;
        return (found.Json.At("data") as JsonObject ?? []).Where(entry => entry.Value is JsonValue)
            .ToDictionary(entry => entry.Key, entry => found.Json.Text("data", entry.Key) ?? "", StringComparer.Ordinal);
    }

    /// <exception cref="PreheatException">The cluster cannot be reached, or refuses.</exception>
    public async Task WriteAsync(IReadOnlyDictionary<string, string> files, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        await client.ApplyAsync(
            new JsonObject
            {
                ["apiVersion"] = KubernetesKind.ConfigMap.ApiVersion,
                ["kind"] = KubernetesKind.ConfigMap.Kind,
                ["metadata"] = new JsonObject
                {
                    ["name"] = Name,
                    ["namespace"] = inNamespace,
                    ["labels"] = new JsonObject { [ManifestChecks.DeploymentLabel] = deployment, [ManifestChecks.ManagedByLabel] = ManifestChecks.Manager },
                },
                ["data"] = new JsonObject(files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => KeyValuePair.Create(file.Key, (JsonNode?)JsonValue.Create(file.Value)))),
            },
            cancellation);
    }
}
