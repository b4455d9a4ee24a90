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
        Host = Host.Detect(context.Variables, EarlyOption("--host") ?? context.Variables.GetValueOrDefault("NUKE_HOST"));
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

    private AbsolutePath FindRoot() => TryFindRoot()
        ?? throw new UsageException($"No directory from {Context.WorkingDirectory} upwards holds '.nuke'. Run from inside the repository, or pass --root DIRECTORY.");

    /// <summary><see cref="Root"/>, or null when there is none.</summary>
    public AbsolutePath? TryFindRoot()
    {
        if (EarlyOption("--root") is { } given)
        {
            return AbsolutePath.Create(Path.Combine(Context.WorkingDirectory, given));
        }

        for (var directory = Context.WorkingDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (Path.Exists(Path.Combine(directory, ".nuke")))
            {
                return AbsolutePath.Create(directory);
            }
        }

        return null;
    }

    /// <summary>The value of an option that is asked for before the command line is taken apart.</summary>
    private string? EarlyOption(string name)
    {
        for (var i = 0; i < Context.Arguments.Count; i++)
        {
            var argument = Context.Arguments[i];
            if (argument.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase))
            {
                return argument[(name.Length + 1)..];
            }

            if (string.Equals(argument, name, StringComparison.OrdinalIgnoreCase) && i + 1 < Context.Arguments.Count)
            {
                return Context.Arguments[i + 1];
            }
        }

        return null;
    }

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
