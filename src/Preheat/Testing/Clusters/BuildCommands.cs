using System.Collections;

namespace Preheat.Testing.Clusters;

/// <summary>Runs the programs of a build; one that fails ends it with its last lines.</summary>
internal sealed class BuildCommands(TimeProvider time)
{
    private const int TailLines = 15;

    private readonly ChildProcess _child = new(time);

    /// <summary>This process's environment, changed.</summary>
    public static Dictionary<string, string> Environment(params ReadOnlySpan<(string Name, string Value)> changes)
    {
        var environment = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => entry.Value?.ToString() ?? "", StringComparer.Ordinal);
        foreach (var (name, value) in changes)
            environment[name] = value;
        return environment;
    }

    /// <returns>What the program printed to its standard output.</returns>
    /// <exception cref="PreheatException">It ended with another exit code than 0.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(string program, IReadOnlyList<string> arguments, string directory, CancellationToken cancellation, Dictionary<string, string>? environment = null)
    {
        var (output, tail) = (new List<string>(), new Queue<string>());
        var exit = await _child.RunAsync(program, arguments, directory, environment, (line, isError) =>
        {
            if (!isError)
                output.Add(line);
            tail.Enqueue(line);
            if (tail.Count > TailLines)
                tail.Dequeue();
        }, cancellation);
        return exit == 0 ? output : throw new PreheatException($"'{program} {string.Join(' ', arguments)}' in {directory} ended with exit code {exit}:\n{string.Join('\n', tail)}");
    }

    /// <exception cref="UserException">A program is not installed.</exception>
    public static void Require(IEnumerable<(string Program, string Package)> tools)
    {
        var missing = tools.Where(tool => !IsOnPath(tool.Program)).ToList();
        if (missing.Count > 0)
            throw new UserException($"The cluster tests need {string.Join(", ", missing.Select(tool => tool.Program))}. On Debian 12: apt-get install {string.Join(' ', missing.Select(tool => tool.Package))}");
    }

    private static bool IsOnPath(string program) =>
        (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, program)));
}
