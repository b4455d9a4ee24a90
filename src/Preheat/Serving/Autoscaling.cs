namespace Preheat.Serving;

/// <summary>What replicas are scaled on, and who tells the autoscaler.</summary>
/// <param name="Metric">The metric; that of the name <see cref="AutoscaleMetric.None"/> for no autoscaling.</param>
/// <param name="Through"><see cref="Adapter"/>, <see cref="Native"/> or <see cref="Keda"/>.</param>
/// <param name="Prometheus">Address that KEDA asks; null for Managed Service for Prometheus, or where nobody asks.</param>
internal sealed record Autoscaling(AutoscaleMetric Metric, string Through, string? Prometheus)
{
    /// <summary>Google's adapter of Cloud Monitoring's metrics to the cluster's metrics API.</summary>
    public const string Adapter = "adapter";

    /// <summary>GKE's autoscaler reads the pods itself (kind AutoscalingMetric, GKE 1.35.1-gke.1396000 or later).</summary>
    public const string Native = "native";

    /// <summary>KEDA makes and feeds the autoscaler (kind ScaledObject).</summary>
    public const string Keda = "keda";

    public static IReadOnlyList<string> Ways { get; } = [Adapter, Native, Keda];

    /// <summary>What the user asked for; without a word, the server's own metric where something is known to tell it: on GKE, on the embedded cluster, which plays its adapter, and through KEDA.</summary>
    public static Autoscaling Read(ParameterReader read, DeploymentRequest request, string platform, string server)
    {
        var through = read.OneOf("--autoscale-through", request.AutoscaleThrough, Adapter, [.. Ways]);
        var prometheus = read.Read<string?>("--prometheus", request.Prometheus, null, IsAddress, "the address of a Prometheus server as the cluster's pods reach it, for example http://prometheus.monitoring:9090");
        var fallback = platform != "gke" && through != Keda ? AutoscaleMetric.None : server == "tgi" ? "tgi-queue" : "running";
        var metric = AutoscaleMetric.Find(read.OneOf("--autoscale-on", request.AutoscaleOn, fallback, [.. AutoscaleMetric.All.Select(one => one.Name)]));
        if (metric.Server is { } only && only != server)
            read.Error($"--autoscale-on {metric.Name} is a metric of {only}, and the server is {server}. Use {Words(one => one.Server is null || one.Server == server)}.");
        if (prometheus is not null && through != Keda)
            read.Error($"--prometheus is for --autoscale-through {Keda}; with {through} nobody asks it. Leave it out.");
        if (metric.Name == AutoscaleMetric.None)
            return new(metric, through, null);
        if (metric.Gauge is null && through != Adapter)
            read.Error($"--autoscale-on {metric.Name} comes through the adapter only. Use --autoscale-through {Adapter}, or a metric of the server: {Words(one => one.Server == server)}.");
        if (platform == "kubernetes" && through != Keda)
            read.Error($"--autoscale-on {metric.Name} needs GKE's autoscaler or metrics adapter. With --platform kubernetes use --autoscale-through {Keda} --prometheus http://HOST:PORT, or bring an autoscaler of your own with --manifests.");
        if (platform == "kubernetes" && through == Keda && prometheus is null)
            read.Error($"--autoscale-through {Keda} needs the Prometheus server that scrapes the cluster's pods. Give --prometheus http://HOST:PORT.");
        return new(metric, through, prometheus);
    }

    private static string Words(Func<AutoscaleMetric, bool> wanted) => string.Join(", ", AutoscaleMetric.All.Where(wanted).Select(one => one.Name));

    // A query or a user's name and password have no place in a manifest.
    private static bool IsAddress(string text, out string? address)
    {
        address = text.TrimEnd('/');
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri is { UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 };
    }
}
