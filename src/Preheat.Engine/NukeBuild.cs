using System.Linq.Expressions;
using Nuke.Common.CI;
using Nuke.Common.Execution;
using Nuke.Common.IO;
using Nuke.Common.Parameters;
using Nuke.Common.Sessions;
using Nuke.Common.Tooling;

namespace Nuke.Common;

/// <summary>Base class of a build: <c>class Build : NukeBuild { public static int Main() =&gt; Execute&lt;Build&gt;(x =&gt; x.Compile); … }</c>.</summary>
public abstract partial class NukeBuild : INukeBuild
{
    /// <summary>Runs the targets that the command line names, or else the default ones. Never throws.</summary>
    /// <returns>
    /// 0 good; 1 a target failed; 2 bad usage, configuration or input; 3 objectives missed; 130 interrupted. An exception says which in
    /// <c>Data["exit"]</c>; of several the order is 130, 2, 1, 3. A build that sets <see cref="ExitCode"/> decides itself.
    /// </returns>
    protected static int Execute<T>(params Expression<Func<T, Target>>[] defaultTargetExpressions)
        where T : NukeBuild, new() =>
        BuildRunner.Run(BuildSession.Current, () => new T(), typeof(T), defaultTargetExpressions);

    /// <summary>The scheduled targets, in the order of their run.</summary>
    public IReadOnlyCollection<ExecutableTarget> ExecutionPlan { get; internal set; } = [];

    /// <summary>The targets that the command line names; without any, the default ones.</summary>
    public IReadOnlyCollection<ExecutableTarget> InvokedTargets => [.. ExecutionPlan.Where(target => target.Invoked)];

    public IReadOnlyCollection<ExecutableTarget> SkippedTargets => With(ExecutionStatus.Skipped);
    public IReadOnlyCollection<ExecutableTarget> ScheduledTargets => With(ExecutionStatus.Scheduled);
    public IReadOnlyCollection<ExecutableTarget> RunningTargets => With(ExecutionStatus.Running);
    public IReadOnlyCollection<ExecutableTarget> AbortedTargets => With(ExecutionStatus.Aborted);
    public IReadOnlyCollection<ExecutableTarget> FailedTargets => With(ExecutionStatus.Failed);
    public IReadOnlyCollection<ExecutableTarget> SucceededTargets => With(ExecutionStatus.Succeeded);

    /// <summary>The targets that have failed or succeeded.</summary>
    public IReadOnlyCollection<ExecutableTarget> FinishedTargets => [.. FailedTargets, .. SucceededTargets];

    /// <summary>Whether every target has succeeded, was skipped, or only stands for its dependencies.</summary>
    public bool IsSucceeding => ExecutionPlan.All(target => target.Status is ExecutionStatus.Succeeded or ExecutionStatus.Skipped or ExecutionStatus.Collective);

    /// <summary>Whether a target has failed, was aborted, or could not run for that reason.</summary>
    public bool IsFailing => ExecutionPlan.Any(target => target.Status is ExecutionStatus.Failed or ExecutionStatus.Aborted or ExecutionStatus.NotRun);

    /// <summary>Whether no target waits or runs.</summary>
    public bool IsFinished => !ExecutionPlan.Any(target => target.Status is ExecutionStatus.Scheduled or ExecutionStatus.Running);

    /// <summary>What <see cref="Execute{T}"/> returns; null lets the engine decide.</summary>
    public int? ExitCode { get; set; }

    /// <summary>Whether only the plan is asked for.</summary>
    public bool Plan { get; internal set; }

    /// <summary>Whether only the help text is asked for.</summary>
    public bool Help { get; internal set; }

    /// <summary>Whether the line that names the engine is left out.</summary>
    public bool NoLogo { get; set; }

    /// <summary>Whether a failed call is resumed (<c>--continue</c>).</summary>
    public bool Continue => Session.Parameters?.Get<bool>(EngineParameters.Continue) ?? false;

    /// <summary>The part of partitioned targets that this run is (<c>--partition 2/3</c>).</summary>
    public Partition Partition => Session.Parameters?.Get<Partition>(EngineParameters.Partition) ?? Partition.Single;

    /// <summary>The profiles in force (<c>--profile</c>).</summary>
    public static string[] LoadedLocalProfiles => BuildSession.Current.Parameters?.Get<string[]>(EngineParameters.Profile) ?? [];

    /// <summary>The nearest directory upwards from the working directory that holds <c>.nuke</c>, or the one given by <c>--root</c>.</summary>
    public static AbsolutePath RootDirectory => BuildSession.Current.Root;

    /// <summary><c>.nuke/temp</c> under the root, created when first asked for.</summary>
    public static AbsolutePath TemporaryDirectory => (RootDirectory / ".nuke" / "temp").CreateDirectory();

    public static AbsolutePath BuildAssemblyFile => BuildSession.Current.AssemblyFile ?? throw new InvalidOperationException("The build has no assembly file.");

    public static AbsolutePath BuildAssemblyDirectory => BuildAssemblyFile.Parent!;

    /// <summary>The nearest project file upwards from the assembly; null when there is none.</summary>
    public static AbsolutePath? BuildProjectFile
    {
        get
        {
            for (var directory = BuildSession.Current.AssemblyFile?.Parent; directory is not null; directory = directory.Parent)
            {
                if (Directory.EnumerateFiles(directory, "*.csproj").FirstOrDefault() is { } project)
                {
                    return project;
                }
            }

            return null;
        }
    }

    public static AbsolutePath? BuildProjectDirectory => BuildProjectFile?.Parent;

    /// <summary>How much of the log reaches the console.</summary>
    public static Verbosity Verbosity
    {
        get => BuildSession.Current.Verbosity;
        set => BuildSession.Current.Verbosity = value;
    }

    /// <summary>Where the build runs.</summary>
    public static Host Host
    {
        get => BuildSession.Current.Host;
        set => BuildSession.Current.Host = value;
    }

    public static bool IsLocalBuild => !IsServerBuild;

    public static bool IsServerBuild => Host.IsServer;

    AbsolutePath INukeBuild.RootDirectory => RootDirectory;
    AbsolutePath INukeBuild.TemporaryDirectory => TemporaryDirectory;
    AbsolutePath INukeBuild.BuildAssemblyFile => BuildAssemblyFile;
    AbsolutePath INukeBuild.BuildAssemblyDirectory => BuildAssemblyDirectory;
    AbsolutePath? INukeBuild.BuildProjectDirectory => BuildProjectDirectory;
    AbsolutePath? INukeBuild.BuildProjectFile => BuildProjectFile;
    Verbosity INukeBuild.Verbosity => Verbosity;
    Host INukeBuild.Host => Host;
    bool INukeBuild.IsLocalBuild => IsLocalBuild;
    bool INukeBuild.IsServerBuild => IsServerBuild;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No target is running.</exception>
    public void ReportSummary(Configure<IDictionary<string, string>>? configurator = null)
    {
        var target = BuildSession.CurrentTarget ?? throw new InvalidOperationException("ReportSummary can be called only while a target runs.");
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        target.SummaryInformation = new(configurator?.Invoke(pairs) ?? pairs, StringComparer.Ordinal);
    }

    T INukeBuild.TryGetValue<T>(Expression<Func<T>> parameterExpression) => Value<T>(parameterExpression);

    T INukeBuild.TryGetValue<T>(Expression<Func<object?>> parameterExpression) => Value<T>(parameterExpression);

    /// <summary>The run that this instance belongs to.</summary>
    internal BuildSession Session { get; set; } = BuildSession.Current;

    private T Value<T>(LambdaExpression expression) =>
        Session.Parameters is { } parameters ? parameters.Get<T>(expression) : default!;

    private ExecutableTarget[] With(ExecutionStatus status) => [.. ExecutionPlan.Where(target => target.Status == status)];
}
