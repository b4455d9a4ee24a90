namespace Preheat.Serving;

/// <summary>A part that a deployment's manifests have only when it is asked for; <c>manifests/components/NAME</c> is what it adds.</summary>
/// <param name="Name">The word of <c>--features</c>.</param>
/// <param name="Platform">The only platform that has it; null for all with manifests.</param>
public sealed record OptionalFeature(string Name, string? Platform = null)
{
    /// <summary>GKE chooses the machines by a list of priorities: with <c>--spot</c>, Spot first and on-demand where there is none.</summary>
    public const string ComputeClass = "compute-class";

    /// <summary>Only those may reach the server who have to, and it reaches only what it needs.</summary>
    public const string NetworkPolicy = "network-policy";

    public static IReadOnlyList<OptionalFeature> All { get; } =
    [
        new(ComputeClass, "gke"),
        // Who scrapes, and whom the API server's proxy comes from, differs from cluster to cluster elsewhere.
        new(NetworkPolicy, "gke"),
        new("zone-spread"),
    ];

    /// <summary>What the user asked for, once each and in the order of <see cref="All"/>.</summary>
    internal static IReadOnlyList<string> Read(ParameterReader read, IReadOnlyList<string>? asked, string platform)
    {
        var words = (asked ?? []).Where(word => word.Length > 0).Select(word => read.OneOf("--features", word, All[0].Name, [.. All.Select(feature => feature.Name)])).ToList();
        foreach (var feature in All.Where(feature => words.Contains(feature.Name) && feature.Platform is { } only && only != platform))
            read.Error($"--features {feature.Name} is for --platform {feature.Platform}; the platform is {platform}.");
        return [.. All.Select(feature => feature.Name).Where(words.Contains)];
    }
}
