using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// <c>POST …/pods/NAME/eviction</c>: deletes a pod if its disruption budget has room
/// (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/).
/// </summary>
internal sealed class Evictions(ObjectStore store, Deletion deletion)
{
    public async Task HandleAsync(HttpContext context, ApiPath path)
    {
        if (context.Request.Method != "POST")
        {
            throw ApiException.MethodNotAllowed();
        }

        var body = await Bodies.ReadObjectAsync(context);
        if (body.Text("kind") is { } kind && kind != "Eviction")
        {
            throw ApiException.BadRequest($"{kind} cannot be handled as an Eviction");
        }

        var pod = store.Get(path.Key) ?? throw ApiException.NotFound(path.Key);
        var options = DeleteOptions.Background with
        {
            GracePeriodSeconds = body.Number("deleteOptions", "gracePeriodSeconds"),
            Uid = body.Text("deleteOptions", "preconditions", "uid"),
            DryRun = body.Texts("deleteOptions", "dryRun").Contains("All") || context.Request.Query["dryRun"] == "All",
        };
        if (pod.IsActive() && pod.Json.Text("status", "phase") != "Pending")
        {
            Spend(pod, options.DryRun);
        }

        deletion.Delete(path.Key, options);
        await Bodies.WriteAsync(context, 201, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = 201 });
    }

    /// <summary>Takes one disruption from the pod's budget.</summary>
    /// <exception cref="ApiException">429 when there is none left; 500 when two budgets claim the pod.</exception>
    private void Spend(StoredObject pod, bool dryRun)
    {
        var budgets = store.List(ResourceKinds.PodDisruptionBudget, pod.Namespace)
            .Where(budget => DisruptionController.Selected(store, pod.Namespace, budget.Json).Exists(item => item.Uid == pod.Uid)).ToList();
        if (budgets.Count > 1)
        {
            throw new ApiException(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (budgets is not [var budget] || (!pod.IsReady() && MayGoUnready(budget)))
        {
            return;
        }

        store.Update(budget.Key, json =>
        {
            var allowed = json.Int(0, "status", "disruptionsAllowed");
            if (allowed <= 0 || json.Number("status", "observedGeneration") < json.Number("metadata", "generation"))
            {
                throw Refused(budget, json);
            }

            json.Ensure("status")["disruptionsAllowed"] = allowed - 1;
            return !dryRun;
        });
    }

    /// <summary>A pod that is not healthy disrupts nothing: always, or while the budget holds, as the policy says.</summary>
    private static bool MayGoUnready(StoredObject budget) => budget.Json.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
        || (budget.Json.Int(0, "status", "currentHealthy") >= budget.Json.Int(0, "status", "desiredHealthy") && budget.Json.Int(0, "status", "desiredHealthy") > 0);

    private static ApiException Refused(StoredObject budget, JsonObject json) => new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", new JsonObject
    {
        ["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "DisruptionBudget",
            ["message"] = $"The disruption budget {budget.Name} needs {json.Int(0, "status", "desiredHealthy")} healthy pods and has {json.Int(0, "status", "currentHealthy")} currently",
        }),
    });
}
