using System.Linq.Expressions;
using System.Text;
using Nuke.Common;
using Nuke.Common.Execution;
using Nuke.Common.Sessions;

namespace Preheat.Engine.Tests.Support;

/// <summary>Runs a build class in this process, with its own arguments, environment, root directory and captured output.</summary>
internal sealed class BuildRun : IDisposable
{
    private readonly CapturedWriter _out = new();
    private readonly CapturedWriter _error = new();

    public BuildRun() => Directory.CreateDirectory(Path.Combine(Root, ".nuke"));

    public string Root { get; } = Directory.CreateTempSubdirectory("preheat-engine-").FullName;
    public string? WorkingDirectory { get; set; }
    public Dictionary<string, string> Variables { get; } = [];
    public int? TerminalWidth { get; set; }

    /// <summary>One by one, unless a test is about targets that run at the same time.</summary>
    public int DefaultDegree { get; set; } = 1;

    /// <summary>What the build leaves for the engine, by the names of <see cref="AppContext.SetData"/>; each run has its own, since tests run side by side.</summary>
    public Dictionary<string, object> Slots { get; } = [];

    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Types the answers at the terminal.</summary>
    public Func<bool, string?>? ReadLine { get; set; }

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
            DefaultDegree = DefaultDegree,
            Time = Time,
            ReadLine = ReadLine,
            Slots = new(name => Slots.GetValueOrDefault(name)),
        });
        return BuildRunner.Run(session, create, typeof(T), defaults);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>May be read while it is written.</summary>
    private sealed class CapturedWriter : StringWriter
    {
        public override void Write(char value)
        {
            lock (this)
            {
                base.Write(value);
            }
        }

        public override void Write(char[] buffer, int index, int count)
        {
            lock (this)
            {
                base.Write(buffer, index, count);
            }
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            lock (this)
            {
                base.Write(buffer);
            }
        }

        public override void Write(string? value)
        {
            lock (this)
            {
                base.Write(value);
            }
        }

        public override void Write(StringBuilder? value)
        {
            lock (this)
            {
                base.Write(value);
            }
        }

        public override string ToString()
        {
            lock (this)
            {
                return base.ToString();
            }
        }
    }
}
