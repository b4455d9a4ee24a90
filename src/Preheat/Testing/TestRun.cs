using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml;
using Preheat.Runs;

namespace Preheat.Testing;

/// <summary>Builds the whole solution with analyzers on and runs every test project of it.</summary>
/// <param name="rootDirectory">The repository's root, where <c>Preheat.slnx</c> is.</param>
/// <param name="resultsDirectory">Emptied, then filled with a TRX file per project and <c>summary.json</c>.</param>
public sealed class TestRun(string rootDirectory, string resultsDirectory, IEventSink events, TimeProvider time)
{
    public const string SummaryFile = "summary.json";

    private const string Solution = "Preheat.slnx";
    private const string BuildProject = "build/_build.csproj";
    private const string Configuration = "Debug";

    /// <summary>A test that does nothing for so long hangs; the run then ends and names it.</summary>
    private const string HangTimeout = "5m";

    /// <summary>Beginnings of lines that the test platform prints for every project and that say nothing.</summary>
    private static readonly string[] Chatter =
        ["Test run for ", "A total of ", "Results File: ", "Data collector 'Blame' message: All tests finished"];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly ChildProcess _child = new(time);
    private readonly Dictionary<string, string> _environment = ChildEnvironment();

    /// <summary>Builds and tests; returns only when at least one test ran and every test of every project passed.</summary>
    /// <exception cref="PreheatException">The build failed, or a test failed, was skipped or did not run; the message ends with the counts.</exception>
    public static Task<TestReport> RunAsync(
        string rootDirectory, string resultsDirectory, IEventSink events, TimeProvider time, CancellationToken cancellationToken) =>
        new TestRun(rootDirectory, resultsDirectory, events, time).RunAsync(cancellationToken);

    /// <inheritdoc cref="RunAsync(string, string, IEventSink, TimeProvider, CancellationToken)"/>
    public async Task<TestReport> RunAsync(CancellationToken cancellationToken)
    {
        EmptyResults();
        var projects = TestProjects(rootDirectory);
        await BuildAsync(Solution, cancellationToken);
        await BuildAsync(BuildProject, cancellationToken);
        // Against Nuke's signatures, too: code that only the bundled engine takes would not be noticed otherwise.
        await BuildAsync(BuildProject, cancellationToken, "-p:NukeEngine=reference");

        var results = new ConcurrentBag<ProjectTests>();
        // Test hosts mostly wait for servers and child processes: two at a time, on small machines too.
        await Parallel.ForEachAsync(
            projects,
            new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken },
            async (project, token) => results.Add(await TestAsync(project, token)));

        return await JudgeAsync(new TestReport([.. results.OrderBy(p => p.Name, StringComparer.Ordinal)]), cancellationToken);
    }

    /// <summary>Builds and tests one project alone, which need not be a part of <c>Test</c>.</summary>
    /// <param name="project">Path relative to the root.</param>
    /// <param name="variables">Environment variables for its tests.</param>
    /// <exception cref="PreheatException">As for all of them.</exception>
    public async Task<TestReport> RunAsync(string project, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        EmptyResults();
        foreach (var (name, value) in variables)
        {
            _environment[name] = value;
        }

        await BuildAsync(project, cancellationToken);
        return await JudgeAsync(new TestReport([await TestAsync(project, cancellationToken)]), cancellationToken);
    }

    private void EmptyResults()
    {
        if (Directory.Exists(resultsDirectory))
        {
            Directory.Delete(resultsDirectory, recursive: true);
        }

        Directory.CreateDirectory(resultsDirectory);
    }

    private async Task<TestReport> JudgeAsync(TestReport report, CancellationToken cancellationToken)
    {
        await WriteAsync(report, cancellationToken);
        foreach (var project in report.Projects)
        {
            Report(project);
        }

        return report.Succeeded ? report : throw new PreheatException(
            $"Not all tests passed; the results are in {resultsDirectory}. To repeat one project: dotnet test tests/NAME.\n{report.Summary}");
    }

    /// <summary>The test projects of a solution file (slnx), as paths relative to it, sorted.</summary>
    /// <exception cref="PreheatException">There is none.</exception>
    public static IReadOnlyList<string> TestProjects(string rootDirectory)
    {
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        using var reader = XmlReader.Create(Path.Combine(rootDirectory, Solution), settings);
        var projects = new SortedSet<string>(StringComparer.Ordinal);
        while (reader.Read())
        {
            if (reader.NodeType == XmlNodeType.Element && reader.LocalName == "Project"
                && reader.GetAttribute("Path") is { } path && path.EndsWith(".Tests.csproj", StringComparison.Ordinal))
            {
                projects.Add(path);
            }
        }

        return projects.Count > 0
            ? [.. projects]
            : throw new PreheatException($"{Path.Combine(rootDirectory, Solution)} names no test project (*.Tests.csproj), so nothing can be tested.");
    }

    private async Task BuildAsync(string project, CancellationToken cancellationToken, params string[] properties)
    {
        events.Emit(new Note($"Building {string.Join(' ', [project, .. properties])} with analyzers…"));
        var started = time.GetTimestamp();
        // No node reuse: a node that stays behind would hold this process's pipes.
        string[] arguments =
        [
            "build", project, "-c", Configuration, "-nologo", "-tl:off", "-v:quiet", "-clp:ErrorsOnly;NoSummary", "-nodeReuse:false",
            .. properties,
        ];
        var exit = await _child.RunAsync(
            ChildProcess.Dotnet, arguments, rootDirectory, _environment, (line, _) => EmitLine(line), cancellationToken);
        if (exit != 0)
        {
            throw new PreheatException($"{project} does not build (the errors are above), so no test ran.\n{new TestReport([]).Summary}");
        }

        events.Emit(new Note(Invariant($"Built {project} in {time.GetElapsedTime(started).TotalSeconds:0} s.")));
    }

    private async Task<ProjectTests> TestAsync(string project, CancellationToken cancellationToken)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var trx = Path.Combine(resultsDirectory, name + ".trx");
        string[] arguments =
        [
            "test", project, "--no-build", "-c", Configuration, "--nologo", "-tl:off", "-v:quiet", "-nodeReuse:false",
            "--logger", $"trx;LogFileName={name}.trx", "--logger", "console;verbosity=minimal", "--results-directory", resultsDirectory,
            "--blame-hang-timeout", HangTimeout, "--blame-hang-dump-type", "none",
        ];
        var started = time.GetTimestamp();
        var exit = await _child.RunAsync(
            ChildProcess.Dotnet, arguments, rootDirectory, _environment, (line, _) => EmitLine(line), cancellationToken);
        return Judge(name, trx, exit) with { Seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 1) };
    }

    private static ProjectTests Judge(string name, string trx, int exit)
    {
        ProjectTests tests;
        try
        {
            using var stream = File.OpenRead(trx);
            tests = TrxFile.Read(name, stream);
        }
        catch (FileNotFoundException)
        {
            return new ProjectTests(name, 0, 0, 0, [], $"The test run ended with exit code {exit} and left no results.");
        }
        catch (XmlException e)
        {
            return new ProjectTests(name, 0, 0, 0, [], $"The results cannot be read: {e.Message}");
        }

        return exit != 0 && tests.Misses == 0 ? tests with { Problem = $"Every test passed, yet the run ended with exit code {exit}." } : tests;
    }

    private void Report(ProjectTests project)
    {
        events.Emit(new Note(Invariant(
            $"{project.Name}: {project.Passed} passed, {project.Failed} failed, {project.Skipped} skipped in {project.Seconds:0.0} s")));
        foreach (var failure in project.Failures)
        {
            events.Emit(new Note($"  not passed: {failure.Name}: {failure.Reason.Split('\n')[0]}"));
        }

        if (project.Problem is not null)
        {
            events.Emit(new Note($"  {project.Problem}"));
        }
    }

    private async Task WriteAsync(TestReport report, CancellationToken cancellationToken)
    {
        var path = Path.Combine(resultsDirectory, SummaryFile);
        await File.WriteAllTextAsync(path + ".new", JsonSerializer.Serialize(report, Json) + "\n", cancellationToken);
        File.Move(path + ".new", path, overwrite: true);
    }

    private void EmitLine(string line)
    {
        if (!string.IsNullOrWhiteSpace(line) && !Array.Exists(Chatter, start => line.StartsWith(start, StringComparison.Ordinal)))
        {
            events.Emit(new Note(line.TrimEnd()));
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string> ChildEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ChildProcess.MayReachMsBuild((string)variable.Key))
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "", StringComparer.Ordinal);
}
