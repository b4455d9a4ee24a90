namespace Preheat.LocalCloud;

/// <summary>How an embedded cloud runs.</summary>
public sealed record LocalCloudOptions
{
    /// <summary>Folder of everything the cloud keeps: blobs, objects, keys, <c>endpoint.json</c>.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>What <see cref="TimeScale"/> is when neither the caller nor a running cloud says.</summary>
    public const double DefaultTimeScale = 120;

    /// <summary>How many times faster than the simulated hardware the infrastructure runs; null takes the one that runs as it is, or else starts with <see cref="DefaultTimeScale"/>.</summary>
    public double? TimeScale { get; init; }

    /// <summary>Loopback ports of the three listeners; 0 takes the one used last in this state folder, else a free one.</summary>
    public int RegistryPort { get; init; }

    /// <inheritdoc cref="RegistryPort"/>
    public int KubernetesPort { get; init; }

    /// <inheritdoc cref="RegistryPort"/>
    public int GatewayPort { get; init; }

    /// <summary>The process stops after this long without request, watch or pod traffic. The default value is 30 minutes.</summary>
    public TimeSpan IdleStop { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Makes the registry ask for log-ins; null lets everybody pull and push.</summary>
    public Registry.RegistryAuthOptions? RegistryAuthentication { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
