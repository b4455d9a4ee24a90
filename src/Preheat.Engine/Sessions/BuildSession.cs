using System.Reflection;
using Nuke.Common.Execution;
using Nuke.Common.IO;
using Nuke.Common.Output;
using Nuke.Common.Parameters;

namespace Nuke.Common.Sessions;

/// <summary>One run of one build: what the statics of <see cref="NukeBuild"/> and the logger refer to.</summary>
internal sealed class BuildSession
{
    private static readonly AsyncLocal<BuildSession?> Ambient = new();
    private static readonly AsyncLocal<ExecutableTarget?> Running = new();
    private static readonly Lazy<BuildSession> OfProcess = new(() => new BuildSession(ProcessContext.Real()));

    private readonly Lazy<AbsolutePath> _root;

    public BuildSession(ProcessContext context)
    {
        Context = context;
        Host = Host.Detect(context.Variables);
        Console = new BuildConsole(context, Mask, Host is CI.GitHubActions.GitHubActions);
        Streams = new TargetStreams(this);
        _root = new Lazy<AbsolutePath>(FindRoot);
    }

    /// <summary>The session of the code that asks; outside any run (static initialisers) the one of the process.</summary>
    public static BuildSession Current => Ambient.Value ?? OfProcess.Value;

    /// <summary>The target on whose behalf the asking code runs; flows into the tasks that it starts.</summary>
    public static ExecutableTarget? CurrentTarget
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    public ProcessContext Context { get; }

    public SecretMask Mask { get; } = new();

    public BuildConsole Console { get; }

    /// <summary>The way of what targets print to <see cref="Console"/>.</summary>
    public TargetStreams Streams { get; }

    public Host Host { get; set; }

    public Verbosity Verbosity { get; set; } = Verbosity.Normal;

    public ParameterValues? Parameters { get; set; }

    public AbsolutePath Root => _root.Value;

    /// <summary>Makes this session the current one for the caller and all it calls, until disposed.</summary>
    public IDisposable Enter()
    {
        var previous = Ambient.Value;
        Ambient.Value = this;
        return new Leave(() => Ambient.Value = previous);
    }

    public AbsolutePath? AssemblyFile => Assembly.GetEntryAssembly()?.Location is { Length: > 0 } location ? AbsolutePath.Create(location) : null;

    private AbsolutePath FindRoot()
    {
        // Statics may ask before the command line is taken apart, so this looks for the one option by itself.
        for (var i = 0; i < Context.Arguments.Count; i++)
        {
            var argument = Context.Arguments[i];
            if (argument.StartsWith("--root=", StringComparison.OrdinalIgnoreCase))
            {
                return Absolute(argument["--root=".Length..]);
            }

            if (string.Equals(argument, "--root", StringComparison.OrdinalIgnoreCase) && i + 1 < Context.Arguments.Count)
            {
                return Absolute(Context.Arguments[i + 1]);
            }
        }

        for (var directory = Context.WorkingDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (Path.Exists(Path.Combine(directory, ".nuke")))
            {
                return AbsolutePath.Create(directory);
            }
        }

        throw new UsageException($"No directory from {Context.WorkingDirectory} upwards holds '.nuke'. Run from inside the repository, or pass --root DIRECTORY.");
    }

    private AbsolutePath Absolute(string path) => AbsolutePath.Create(Path.Combine(Context.WorkingDirectory, path));

    private sealed class Leave(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}

/// <summary>The call itself is wrong: exit code 2, message only.</summary>
internal sealed class UsageException : Exception
{
    public UsageException(params IEnumerable<string> errors) : base(string.Join(Environment.NewLine, errors))
    {
        base.Data["exit"] = ExitCodes.BadUsage;
    }
}
