using System.Linq.Expressions;
using Nuke.Common.CI;
using Nuke.Common.Execution;
using Nuke.Common.IO;
using Nuke.Common.Tooling;

namespace Nuke.Common;

public abstract class NukeBuild : INukeBuild
{
    protected NukeBuild() => throw null;

    protected static int Execute<T>(params Expression<Func<T, Target>>[] defaultTargetExpressions)
        where T : NukeBuild, new() => throw null;

    public static AbsolutePath RootDirectory => throw null;
    public static AbsolutePath TemporaryDirectory => throw null;
    public static AbsolutePath BuildAssemblyFile => throw null;
    public static AbsolutePath BuildAssemblyDirectory => throw null;
    public static AbsolutePath BuildProjectDirectory => throw null;
    public static AbsolutePath BuildProjectFile => throw null;
    public static Verbosity Verbosity { get => throw null; set => throw null; }
    public static Host Host { get => throw null; set => throw null; }
    public static string[] LoadedLocalProfiles => throw null;
    public static bool IsLocalBuild => throw null;
    public static bool IsServerBuild => throw null;

    public IReadOnlyCollection<ExecutableTarget> ExecutionPlan { get => throw null; set => throw null; }
    public IReadOnlyCollection<ExecutableTarget> InvokedTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> SkippedTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> ScheduledTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> RunningTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> AbortedTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> FailedTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> SucceededTargets => throw null;
    public IReadOnlyCollection<ExecutableTarget> FinishedTargets => throw null;
    public bool IsSucceeding => throw null;
    public bool IsFailing => throw null;
    public bool IsFinished => throw null;
    public int? ExitCode { get => throw null; set => throw null; }
    public bool Plan => throw null;
    public bool Help => throw null;
    public bool NoLogo { get => throw null; set => throw null; }
    public bool Continue { get => throw null; internal set => throw null; }
    public Partition Partition { get => throw null; internal set => throw null; }

    public void ReportSummary(Configure<IDictionary<string, string>> configurator = null) => throw null;

    protected internal virtual void OnBuildCreated() => throw null;
    protected internal virtual void OnBuildInitialized() => throw null;
    protected internal virtual void OnBuildFinished() => throw null;
    protected internal virtual void OnTargetRunning(string target) => throw null;
    protected internal virtual void OnTargetSkipped(string target) => throw null;
    protected internal virtual void OnTargetSucceeded(string target) => throw null;
    protected internal virtual void OnTargetFailed(string target) => throw null;

    protected internal virtual string NuGetPackagesConfigFile => throw null;
    protected internal virtual string NuGetAssetsConfigFile => throw null;
    protected internal virtual AbsolutePath NpmPackageJsonFile => throw null;
    protected internal virtual string EmbeddedPackagesDirectory => throw null;

    bool INukeBuild.IsInterceptorExecution => throw null;
    AbsolutePath INukeBuild.RootDirectory => throw null;
    AbsolutePath INukeBuild.TemporaryDirectory => throw null;
    AbsolutePath INukeBuild.BuildAssemblyFile => throw null;
    AbsolutePath INukeBuild.BuildAssemblyDirectory => throw null;
    AbsolutePath INukeBuild.BuildProjectDirectory => throw null;
    AbsolutePath INukeBuild.BuildProjectFile => throw null;
    Verbosity INukeBuild.Verbosity => throw null;
    Host INukeBuild.Host => throw null;
    bool INukeBuild.IsLocalBuild => throw null;
    bool INukeBuild.IsServerBuild => throw null;
    T INukeBuild.TryGetValue<T>(Expression<Func<T>> parameterExpression) => throw null;
    T INukeBuild.TryGetValue<T>(Expression<Func<object>> parameterExpression) => throw null;
}
