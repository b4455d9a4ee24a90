using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>What the API server writes into a new Job: the selector and labels that its uid gives it.</summary>
internal static class JobIdentity
{
    private const string Prefix = "batch.kubernetes.io/";

    /// <summary>Called once the uid is known, before the first version is stored.</summary>
    public static void Stamp(JsonObject job)
    {
        var spec = job.Ensure("spec");
        if (spec.Flag("manualSelector"))
        {
            return;
        }

        var (uid, name) = (job.Text("metadata", "uid"), job.Text("metadata", "name"));
        var labels = spec.Ensure("template", "metadata", "labels");
        labels[$"{Prefix}controller-uid"] = uid;
        labels[$"{Prefix}job-name"] = name;
        labels["controller-uid"] = uid;
        labels["job-name"] = name;
        spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [$"{Prefix}controller-uid"] = uid } };
    }
}
