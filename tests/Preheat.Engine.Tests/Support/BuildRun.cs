using System.Linq.Expressions;
using Nuke.Common;
using Nuke.Common.Execution;
using Nuke.Common.Sessions;

namespace Preheat.Engine.Tests.Support;

/// <summary>Runs a build class in this process, with its own arguments, environment, root directory and captured output.</summary>
internal sealed class BuildRun : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public BuildRun() => Directory.CreateDirectory(Path.Combine(Root, ".nuke"));

    public string Root { get; } = Directory.CreateTempSubdirectory("preheat-engine-").FullName;
    public string? WorkingDirectory { get; set; }
    public Dictionary<string, string> Variables { get; } = [];
    public int? TerminalWidth { get; set; }
    public string Out => _out.ToString();
    public string Error => _error.ToString();
    public string Output => Out + Error;

    public void WriteFile(string name, string text) => File.WriteAllText(Path.Combine(Root, ".nuke", name), text);

    public int Run<T>(string arguments, params Expression<Func<T, Target>>[] defaults)
        where T : NukeBuild, new() => Run(() => new T(), arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), defaults);

    /// <summary>Runs an instance whose session is the one that this run makes current.</summary>
    public int Run<T>(Func<T> create, string[] arguments, params Expression<Func<T, Target>>[] defaults)
        where T : NukeBuild
    {
        var session = new BuildSession(new ProcessContext
        {
            Arguments = arguments,
            Variables = Variables,
            WorkingDirectory = WorkingDirectory ?? Root,
            Out = _out,
            Error = _error,
            TerminalWidth = TerminalWidth,
        });
        return BuildRunner.Run(session, create, typeof(T), defaults);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

}
