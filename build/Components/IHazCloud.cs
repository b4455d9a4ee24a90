using Preheat;
using Preheat.LocalCloud;

/// <summary>The parameters of the embedded cloud.</summary>
interface IHazCloud : IHazDeployment
{
    [Parameter("How many times faster than the simulated hardware the embedded cloud's infrastructure runs - default is 120, or that of the one that runs")]
    string? TimeScale => TryGetValue(() => TimeScale);

    [Parameter("First of three loopback ports of the embedded cloud - default is free ones, kept from then on")]
    int? LocalCloudPort => TryGetValue<int?>(() => LocalCloudPort);

    /// <summary>Folder of the embedded cloud's state: <c>PREHEAT_STATE</c>, or <c>.nuke/temp/cloud</c>.</summary>
    AbsolutePath CloudState => Environment.GetEnvironmentVariable("PREHEAT_STATE") is { Length: > 0 } folder
        ? (AbsolutePath)Path.GetFullPath(folder)
        : TemporaryDirectory / "cloud";

    /// <summary>The public model hub, or another one that speaks its protocol (<c>HF_ENDPOINT</c>).</summary>
    Uri HubAddress
    {
        get
        {
            var text = Environment.GetEnvironmentVariable("HF_ENDPOINT") is { Length: > 0 } endpoint ? endpoint : "https://huggingface.co";
            return Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address
                : throw new UserException($"HF_ENDPOINT '{text}' is not an address. Give one such as https://huggingface.co, or unset it.");
        }
    }

    /// <summary>How the embedded cloud is to run.</summary>
    LocalCloudOptions CloudOptions
    {
        get
        {
            var read = Session.Reader();
            var scale = read.Factor("--time-scale", TimeScale, 0.01, 100_000);
            var port = read.Whole("--local-cloud-port", LocalCloudPort, 0, 1024, 65_533);
            read.ThrowIfWrong();
            return new LocalCloudOptions
            {
                StateDirectory = CloudState,
                TimeScale = scale,
                RegistryPort = port,
                KubernetesPort = port == 0 ? 0 : port + 1,
                GatewayPort = port == 0 ? 0 : port + 2,
            };
        }
    }
}
