using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Hosting;

/// <summary>The ports of the three listeners: picked once per state folder, then kept, since addresses of a running cluster are built on them.</summary>
internal sealed record Ports(int Registry, int Kubernetes, int Gateway)
{
    /// <summary>Below the range that systems hand out for outgoing connections, so that no passing connection takes a port that is wanted again.</summary>
    private const int First = 20_000;
    private const int Last = 32_000;

    /// <summary>Ports as the options say, else as last time, else free ones.</summary>
    /// <exception cref="LocalCloudException">A port is taken (exit 2).</exception>
    public static Ports Choose(LocalCloudOptions options)
    {
        var remembered = Load(options.StateDirectory);
        var taken = new HashSet<int>();
        return new Ports(
            Pick("registry", options.RegistryPort, remembered?.Registry, taken),
            Pick("Kubernetes API", options.KubernetesPort, remembered?.Kubernetes, taken),
            Pick("gateway", options.GatewayPort, remembered?.Gateway, taken));
    }

    /// <summary>What the user reads when a listener finds its port taken.</summary>
    public static LocalCloudException Taken(string listener, int port, Exception? inner = null) => new(
        $"Port {port} of 127.0.0.1, which the embedded cloud's {listener} needs, is taken by another program. Stop that program, or give other ports with --local-cloud-port.",
        exitCode: 2,
        inner);

    public void Save(string stateDirectory) => AtomicFile.Write(
        FilePath(stateDirectory),
        Encoding.UTF8.GetBytes(new JsonObject { ["registry"] = Registry, ["kubernetes"] = Kubernetes, ["gateway"] = Gateway }.ToJsonString()));

    private static string FilePath(string stateDirectory) => Path.Combine(stateDirectory, "ports.json");

    private static int Pick(string listener, int wanted, int? remembered, HashSet<int> taken)
    {
        if ((wanted > 0 ? wanted : remembered) is { } port)
        {
            return taken.Add(port) && IsFree(port) ? port : throw Taken(listener, port);
        }

        for (var attempt = 0; attempt < 1000; attempt++)
        {
            port = RandomNumberGenerator.GetInt32(First, Last);
            if (IsFree(port) && taken.Add(port))
            {
                return port;
            }
        }

        throw new LocalCloudException($"No free port between {First} and {Last} on 127.0.0.1 for the embedded cloud's {listener}. Give ports with --local-cloud-port.", exitCode: 2);
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Ports? Load(string stateDirectory)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(FilePath(stateDirectory)));
            var root = document.RootElement;
            return new Ports(root.GetProperty("registry").GetInt32(), root.GetProperty("kubernetes").GetInt32(), root.GetProperty("gateway").GetInt32());
        }
        catch (Exception error) when (error is FileNotFoundException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
