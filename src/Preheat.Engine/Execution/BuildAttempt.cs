using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nuke.Common.Parameters;
using Serilog;

namespace Nuke.Common.Execution;

/// <summary>
/// What <c>--continue</c> needs to know of the last call: its targets, its values (as hashes), and which targets have succeeded. Kept in
/// <c>.nuke/temp/build-attempt.log</c>: one line of JSON, then a line for each target.
/// </summary>
internal sealed class BuildAttempt : IDisposable
{
    private const string Finished = "succeeded in the call before";

    private readonly StreamWriter? _log;
    private readonly string _path;

    private BuildAttempt(string path, StreamWriter? log)
    {
        _path = path;
        _log = log;
    }

    /// <summary>Leaves out what succeeded in the call before, if that is to be continued.</summary>
    public static void LeaveOut(string root, TargetPlan plan, ParameterValues parameters)
    {
        var finished = parameters.Get<bool>(EngineParameters.Continue) ? Resume(PathIn(root), HeaderOf(plan, parameters)) : [];
        foreach (var target in plan.Order.Where(target => finished.Contains(target.Name) && target.Status == ExecutionStatus.Scheduled))
        {
            target.Status = ExecutionStatus.Skipped;
            target.SummaryInformation[nameof(ExecutableTarget.Skipped)] = Finished;
        }
    }

    /// <summary>Notes from now on what succeeds, beside what has been left out.</summary>
    public static BuildAttempt Begin(string root, TargetPlan plan, ParameterValues parameters)
    {
        var path = PathIn(root);
        var finished = plan.Order.Where(target => target.Skipped == Finished).Select(target => target.Name);
        var attempt = new BuildAttempt(path, Open(path, HeaderOf(plan, parameters), finished));
        foreach (var target in plan.Order)
        {
            target.StatusChanged = attempt.Note;
        }

        return attempt;
    }

    /// <summary>After a success there is nothing to resume.</summary>
    public void Forget()
    {
        Dispose();
        if (_log is not null)
        {
            File.Delete(_path);
        }
    }

    public void Dispose() => _log?.Dispose();

    private void Note(ExecutableTarget target)
    {
        if (target.Status == ExecutionStatus.Succeeded && _log is not null)
        {
            lock (_log)
            {
                _log.WriteLine(target.Name);
            }
        }
    }

    /// <summary>The targets that need not run again; empty, with the reason in the log, when all must.</summary>
    private static HashSet<string> Resume(string path, Header now)
    {
        string[] lines;
        Header before;
        try
        {
            lines = File.ReadAllLines(path);
            before = JsonSerializer.Deserialize<Header>(lines.FirstOrDefault() ?? "") ?? throw new JsonException();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            Log.Information("There is no failed call to continue. Everything runs.");
            return [];
        }

        if (!before.Targets.Order(StringComparer.Ordinal).SequenceEqual(now.Targets.Order(StringComparer.Ordinal), StringComparer.Ordinal))
        {
            Log.Warning("The failed call was for {Before:l}, this one is for {Now:l}. Everything runs.", string.Join(", ", before.Targets), string.Join(", ", now.Targets));
            return [];
        }

        var changed = before.Values.Keys.Union(now.Values.Keys, StringComparer.Ordinal)
            .Where(name => before.Values.GetValueOrDefault(name) != now.Values.GetValueOrDefault(name))
            .Order(StringComparer.Ordinal).ToList();
        if (changed.Count > 0)
        {
            Log.Warning("Everything runs, since other values are given than in the failed call: {Changed:l}.", string.Join(", ", changed.Select(name => $"--{name}")));
            return [];
        }

        return lines.Skip(1).ToHashSet(StringComparer.Ordinal);
    }

    private static string PathIn(string root) => Path.Combine(root, ".nuke", "temp", "build-attempt.log");

    private static Header HeaderOf(TargetPlan plan, ParameterValues parameters) =>
        new([.. plan.Order.Where(target => target.Invoked).Select(target => target.Name)], Hashes(parameters));

    /// <summary>Hashes, so that no value is written down; of a secret not even that, since a short one could be guessed from it.</summary>
    private static Dictionary<string, string> Hashes(ParameterValues parameters) => parameters.Catalogue.All
        .Where(parameter => parameter is { IsEngineOwn: false, IsSecret: false } && parameters.Get(parameter) is not null)
        .ToDictionary(
            parameter => parameter.DashedName,
            parameter => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text(parameters.Get(parameter)!)))[..8]),
            StringComparer.Ordinal);

    private static string Text(object value) => value is Array items
        ? string.Join('\0', items.Cast<object>().Select(Text))
        : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!;

    /// <summary>Null when the file cannot be written: a read-only clone can be built, only not continued.</summary>
    private static StreamWriter? Open(string path, Header header, IEnumerable<string> finished)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var log = new StreamWriter(path, append: false) { AutoFlush = true, NewLine = "\n" };
            log.WriteLine(string.Join('\n', [JsonSerializer.Serialize(header), .. finished]));
            return log;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed record Header(string[] Targets, Dictionary<string, string> Values);
}
