namespace Preheat.LocalCloud;

/// <summary>How an embedded cloud runs.</summary>
public sealed record LocalCloudOptions
{
    /// <summary>Folder of everything the cloud keeps: blobs, objects, keys, <c>endpoint.json</c>.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>How many times faster than the simulated hardware the infrastructure runs. The default value is 120.</summary>
    public double TimeScale { get; init; } = 120;

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
