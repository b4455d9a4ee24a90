namespace Preheat.Kubernetes;

/// <summary>Any other kind, by the conditions that the API conventions give a meaning to ("Typical status properties").</summary>
internal static class ConditionProgress
{
    // A positive condition of one of these types says that the object works.
    private static readonly string[] Good = ["Ready", "Available", "Established", "Programmed", "Accepted", "ResolvedRefs", "ConfigurationCreateSuccess"];

    public static ObjectProgress Of(KubernetesObject item)
    {
        if (item.Json.At("status", "observedGeneration") is not null && ObjectProgress.IsUnseen(item))
            return ObjectProgress.Waiting(ObjectProgress.Unseen);
        foreach (var type in Good)
        {
            if (item.Condition(type) is { } condition && condition.Text("status") is not "True")
                return ObjectProgress.Waiting($"{type} is {condition.Text("status")}: {condition.Text("reason")} {condition.Text("message")}".TrimEnd());
        }
        return ObjectProgress.Done("there");
    }
}
