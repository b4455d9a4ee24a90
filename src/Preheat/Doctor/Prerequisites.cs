using System.Net;
using System.Net.Sockets;
using Preheat.Models;

namespace Preheat.Doctor;

/// <summary>One prerequisite and how it stands.</summary>
/// <param name="Remedy">The next step when it is not met; null when it is.</param>
public sealed record Finding(string Name, string Detail, string? Remedy)
{
    public bool Passed => Remedy is null;
}

/// <summary>What <c>Doctor</c> looks at.</summary>
/// <param name="Folders">Folders that must be writable, by what they hold; images go to the last one.</param>
/// <param name="CloudRunning">True when the embedded cloud answers.</param>
/// <param name="Hub">The model hub, asked only for models that it serves.</param>
/// <param name="HubToken">The hub's token, if there is one.</param>
public sealed record DoctorRequest(ModelReference Model, IReadOnlyDictionary<string, string> Folders, bool CloudRunning, Uri Hub, Secret? HubToken = null);

/// <summary>Checks every prerequisite of a run on the embedded cloud, each failure with its remedy.</summary>
public static class Prerequisites
{
    private const long LeastDisk = 2L << 30;
    private const long LeastMemory = 1L << 30;

    /// <summary>Never throws for a prerequisite that is not met: that is a finding.</summary>
    public static async Task<IReadOnlyList<Finding>> CheckAsync(DoctorRequest request, CancellationToken cancellation)
    {
        var findings = new List<Finding> { Runtime(), Memory() };
        findings.AddRange(request.Folders.Select(folder => Writable(folder.Key, folder.Value)));
        findings.Add(Disk(request.Folders.Values.Last()));
        findings.Add(Loopback());
        findings.Add(new("embedded cloud", request.CloudRunning ? "running" : "starts when it is needed", null));
        findings.Add(await ModelAsync(request, cancellation));
        return findings;
    }

    private static Finding Runtime() => new(".NET", $"{Environment.Version} on {System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}", Environment.Version.Major >= 10 ? null : "Install the .NET 10 SDK.");

    private static Finding Memory()
    {
        var bytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new("memory", Gigabytes(bytes), bytes >= LeastMemory ? null : "Run it where at least 1 GiB of memory is free.");
    }

    private static Finding Writable(string what, string folder)
    {
        try
        {
            // Nothing is made that was not there: a folder can be made when the one that will hold it is writable.
            var probe = Path.Combine(Existing(folder), $".preheat-doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return new(what, $"{folder} is writable", null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new(what, $"{folder} cannot be written: {exception.Message}", what == "artifacts"
                ? "Make it writable, or name another folder with --artifacts-directory."
                : "Make it writable, or name another folder with PREHEAT_STATE.");
        }
    }

    // The folder, or the nearest one above it that is there.
    private static string Existing(string folder)
    {
        var path = Path.GetFullPath(folder);
        while (!Directory.Exists(path) && !File.Exists(path) && Path.GetDirectoryName(path) is { } above)
            path = above;
        return path;
    }

    private static Finding Disk(string folder)
    {
        try
        {
            var free = new DriveInfo(Existing(folder)).AvailableFreeSpace;
            return new("disk", $"{Gigabytes(free)} free", free >= LeastDisk ? null : "Free at least 2 GiB: the embedded registry keeps the images it is sent.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new("disk", $"free space unknown: {exception.Message}", null);
        }
    }

    private static Finding Loopback()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return new("loopback", $"ports can be taken on {IPAddress.Loopback}", null);
        }
        catch (SocketException exception)
        {
            return new("loopback", $"no port can be taken on {IPAddress.Loopback}: {exception.Message}", "Allow this user to listen on loopback ports.");
        }
    }

    private static async Task<Finding> ModelAsync(DoctorRequest request, CancellationToken cancellation)
    {
        switch (request.Model)
        {
            case { Scheme: ModelScheme.File } model:
                return new("model", model.ToString(), Directory.Exists(model.Location) ? null : $"There is no folder {model.Location}. Give one with --model file:///path.");
            case { Scheme: ModelScheme.HuggingFace } model when model.Location.StartsWith("preheat/", StringComparison.Ordinal):
                return new("model", $"{model} comes from the embedded hub", null);
            case { Scheme: ModelScheme.GoogleStorage } model:
                return new("model", $"{model}", "gs:// models come with Google Cloud. Use hf:// or file:///.");
        }
        try
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
            using var question = new HttpRequestMessage(HttpMethod.Get, new Uri(request.Hub, "api/models/" + request.Model.Location));
            if (request.HubToken is { } token && (request.Hub.Scheme == Uri.UriSchemeHttps || request.Hub.IsLoopback))
                question.Headers.Authorization = new("Bearer", token.Reveal());
            using var answer = await client.SendAsync(question, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return new("model", $"{request.Hub.Host} answers {(int)answer.StatusCode} for {request.Model}", answer.StatusCode switch
            {
                HttpStatusCode.NotFound => "Check the model's name.",
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => request.HubToken is null
                    ? "The model is gated or private, or does not exist: accept its terms and set HF_TOKEN."
                    : "Your token may not read it: accept the model's terms as the token's owner, or set HF_TOKEN to another one.",
                _ => null,
            });
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return new("model", $"{request.Hub.Host} does not answer: {exception.Message}", "Check the network, or set HF_ENDPOINT to a hub that you can reach.");
        }
    }

    private static string Gigabytes(long bytes) => $"{bytes / (double)(1L << 30):0.0} GiB";
}
