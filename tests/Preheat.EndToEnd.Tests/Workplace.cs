using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Preheat.EndToEnd.Tests;

/// <summary>What one call of <c>build.sh</c> left.</summary>
public sealed record BuildResult(int ExitCode, string Output)
{
    /// <summary>Asserts the exit code, showing the output when it differs.</summary>
    public BuildResult ShouldExit(int code)
    {
        ExitCode.ShouldBe(code, Output);
        return this;
    }
}

/// <summary>A user's place: own artifacts folder, own embedded cloud, both gone afterwards.</summary>
public sealed class Workplace : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("preheat-e2e-");

    /// <summary>The repository's root: the nearest folder above with <c>build.sh</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Further environment variables of every call.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public string Folder => _folder.FullName;

    public string Artifacts => Path.Combine(Folder, "artifacts");

    public string State => Path.Combine(Folder, "cloud");

    /// <summary>Address of the embedded cloud's registry.</summary>
    public Uri Registry => new(JsonDocument.Parse(File.ReadAllText(Path.Combine(State, "endpoint.json"))).RootElement.GetProperty("registry").GetString()!);

    public string In(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Runs <c>build.sh</c> in this place, to its end.</summary>
    public Task<BuildResult> BuildAsync(params string[] arguments) => RunAsync([.. arguments, "--artifacts-directory", Artifacts]);

    /// <summary>Runs <c>build.sh</c> with just these arguments.</summary>
    public Task<BuildResult> RunAsync(params string[] arguments) => EndAsync(Start(arguments), arguments);

    /// <summary>Runs <c>build.sh</c> in this place on a terminal of that size, as a person at it does; the output has all that was drawn.</summary>
    public Task<BuildResult> OnTerminalAsync(int columns, int rows, params string[] arguments)
    {
        string[] all = [.. arguments, "--artifacts-directory", Artifacts];
        var command = string.Join(' ', new[] { "bash", Path.Combine(Root, "build.sh") }.Concat(all).Select(word => $"'{word}'"));
        // util-linux' script gives the command a pseudo-terminal.
        var start = StartInfo("script", ["-qec", $"stty cols {columns} rows {rows}; {command}", "/dev/null"]);
        start.Environment.Remove("CI");
        start.Environment["TERM"] = "xterm";
        return EndAsync(Run(start), all);
    }

    private static async Task<BuildResult> EndAsync(Process started, string[] arguments)
    {
        using var process = started;
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(output, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"build.sh {string.Join(' ', arguments)} did not end within {Limit}:\n{output}", exception);
        }
        lock (output)
            return new BuildResult(process.ExitCode, output.ToString());
    }

    /// <summary>Starts <c>build.sh</c> and leaves it running.</summary>
    public Process Start(params string[] arguments)
    {
        // Whoever runs the tests in the background may ignore signals, and what is started there inherits that.
        return Run(StartInfo("env", ["--default-signal=INT,HUP", "bash", Path.Combine(Root, "build.sh"), .. arguments]));
    }

    private static Process Run(ProcessStartInfo start)
    {
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} does not start.");
        process.StandardInput.Close();
        return process;
    }

    private ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["PREHEAT_STATE"] = State;
        start.Environment["NO_COLOR"] = "1";
        foreach (var name in new[] { "HF_TOKEN", "HF_ENDPOINT", "GITHUB_ACTIONS", "MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath" })
            start.Environment.Remove(name);
        foreach (var (name, value) in Variables)
            start.Environment[name] = value;
        return start;
    }

    /// <summary>A JSON file of a deployment.</summary>
    public JsonElement Json(string deployment, string file) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Artifacts, deployment, file))).RootElement;

    /// <summary>The output record in a target's receipt.</summary>
    public JsonElement Output(string deployment, string target) => Json(deployment, target + ".json").GetProperty("output");

    /// <summary>Names of the steps of the last run, each with whether it was up to date.</summary>
    public IReadOnlyDictionary<string, bool> Steps(string deployment) => Json(deployment, "run.json").GetProperty("steps").EnumerateArray()
        .ToDictionary(step => step.GetProperty("target").GetString()!, step => step.GetProperty("upToDate").GetBoolean());

    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(State))
            await RunAsync("LocalCloudDown");
        for (var tries = 0; ; tries++)
        {
            try
            {
                _folder.Delete(recursive: true);
                return;
            }
            catch (IOException) when (tries < 5)
            {
                await Task.Delay(200);
            }
        }
    }

    private static void Append(StringBuilder output, string? line)
    {
        lock (output)
            output.AppendLine(line);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "build.sh")))
                return folder.FullName;
        }
        throw new InvalidOperationException("No build.sh above " + AppContext.BaseDirectory);
    }
}
