using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Runs;

namespace Preheat.Testing.Kills;

/// <summary>The folder of one run: artifacts and an embedded cloud of its own. Reads what the build and the registry wrote there.</summary>
internal sealed class KillPlace(string folder)
{
    private const string Deployment = "kill";

    /// <summary>What differs from one measurement to the next. Of a cold start, a run that finds the pod ready sees only what the cluster still tells.</summary>
    private static readonly string[] Measured = ["seconds", "simulatedSeconds", "startedAt", "throughput", "coldStart", "pods", "previousColdStart"];

    public string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    public string State => Path.Combine(Folder, "cloud");

    private string Artifacts => Path.Combine(Folder, "artifacts", Deployment);

    /// <summary>The command under test.</summary>
    public BuildProcess Start(KillOptions options, string model) => new(options.Root, Folder, State,
    [
        "Verify", "--deployment", Deployment, "--model", "file://" + model, "--artifacts-directory", Path.Combine(Folder, "artifacts"),
        // One request: on a busy machine a generator that must keep up would fail runs for reasons of its own.
        "--load-rate", "0.1", "--load-duration", "1s",
    ]);

    /// <summary>What each step made, without what is measured anew each time, by target.</summary>
    public IReadOnlyDictionary<string, string> Outputs()
    {
        var outputs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var target in Receipts())
        {
            var node = JsonNode.Parse(File.ReadAllText(Path.Combine(Artifacts, target + ".json")))!["output"]!;
            Strip(node);
            outputs[target] = node.ToJsonString();
        }
        foreach (var manifest in Directory.Exists(Path.Combine(Artifacts, "manifests")) ? Directory.GetFiles(Path.Combine(Artifacts, "manifests")) : [])
            outputs["manifests/" + Path.GetFileName(manifest)] = File.ReadAllText(manifest);
        return outputs;
    }

    /// <summary>Names of the targets with a receipt.</summary>
    public IReadOnlyList<string> Receipts() => !Directory.Exists(Artifacts)
        ? []
        : [.. Directory.GetFiles(Artifacts, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => char.IsAsciiLetterUpper(name[0])).Order(StringComparer.Ordinal)];

    /// <summary>The targets that have begun, in order, each with its seconds; null for one that has not ended.</summary>
    public IReadOnlyList<(string Target, double? Seconds)> Timeline()
    {
        var timeline = new List<(string Target, double? Seconds)>();
        foreach (var line in Lines(Path.Combine(Artifacts, EventLog.Name)))
        {
            var target = (string?)line["target"] ?? "";
            if ((string?)line["type"] == "target-began")
                timeline.Add((target, null));
            else if ((string?)line["type"] == "target-ended")
                timeline[timeline.FindIndex(entry => entry.Target == target)] = (target, (double?)line["seconds"]);
        }
        return timeline;
    }

    /// <summary>The steps of the last run, by target: whether it was up to date.</summary>
    public IReadOnlyDictionary<string, bool> Steps() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Artifacts, RunRecord.FileName)))!["steps"]!.AsArray().ToDictionary(step => (string)step!["target"]!, step => (bool)step!["upToDate"]!);

    /// <summary>Blobs and manifests that the registry took, each as often as it was sent.</summary>
    public IReadOnlyList<string> Commits() =>
    [
        .. Lines(Path.Combine(State, "registry", "access.jsonl"))
            .Where(line => (string?)line["method"] == "PUT" && (int?)line["status"] == 201)
            .Select(line => $"{(((string?)line["path"])!.Contains("/manifests/", StringComparison.Ordinal) ? "manifest" : "blob")} {(string?)line["digest"]}"),
    ];

    /// <summary>Tags of all repositories that the registry would list, as they are on disk.</summary>
    public IEnumerable<string> Tags() => Directory.Exists(Path.Combine(State, "registry", "repositories"))
        ? Directory.EnumerateDirectories(Path.Combine(State, "registry", "repositories"), "_tags", SearchOption.AllDirectories).SelectMany(Directory.EnumerateFiles).Select(path => Path.GetFileName(path)).Where(name => name[0] != '.')
        : [];

    /// <summary>What a run that has ended must not leave: locks, half-written files.</summary>
    public IEnumerable<string> LeftOvers()
    {
        if (!Directory.Exists(Artifacts))
            yield break;
        foreach (var path in Directory.EnumerateFiles(Artifacts, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(path) is "lock.json" || path.EndsWith(".tmp", StringComparison.Ordinal) || path.EndsWith(".part", StringComparison.Ordinal))
                yield return Path.GetRelativePath(Folder, path);
        }
        var isFree = true;
        try
        {
            using var probe = new FileStream(Path.Combine(Artifacts, ".lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            isFree = false;
        }
        if (!isFree)
            yield return "the deployment's lock is held";
    }

    /// <summary>Process id of the embedded cloud; null when none is ready.</summary>
    public int? Cloud()
    {
        try
        {
            return (int?)JsonNode.Parse(File.ReadAllText(Path.Combine(State, "endpoint.json")))?["pid"];
        }
        catch (Exception exception) when (exception is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Kills the embedded cloud, if one runs.</summary>
    public void EndCloud()
    {
        if (Cloud() is { } pid)
            BuildProcess.KillOne(pid);
    }

    public void Delete()
    {
        EndCloud();
        Directory.Delete(Folder, recursive: true);
    }

    private static IEnumerable<JsonObject> Lines(string path)
    {
        if (!File.Exists(path))
            yield break;
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } text)
        {
            JsonObject? line = null;
            try
            {
                line = JsonNode.Parse(text) as JsonObject;
            }
            catch (JsonException)
            {
                // Being written, or cut short by the kill.
            }
            if (line is not null)
                yield return line;
        }
    }

    private static void Strip(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            foreach (var name in Measured)
                map.Remove(name);
            foreach (var (_, value) in map)
                Strip(value);
        }
        else if (node is JsonArray list)
        {
            foreach (var item in list)
                Strip(item);
        }
    }
}
