namespace Nuke.Common.CI.GitHubActions;

public class GitHubActions : Host
{
    internal GitHubActions() => throw null;
}

[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public class GitHubActionsAttribute : Attribute
{
    public GitHubActionsAttribute(string name, GitHubActionsImage image, params GitHubActionsImage[] images) => throw null;

    public bool AutoGenerate { get => throw null; set => throw null; }
    public GitHubActionsTrigger[] On { get => throw null; set => throw null; }
    public string[] OnPushBranches { get => throw null; set => throw null; }
    public string[] OnPushBranchesIgnore { get => throw null; set => throw null; }
    public string[] OnPushTags { get => throw null; set => throw null; }
    public string[] OnPushTagsIgnore { get => throw null; set => throw null; }
    public string[] OnPushIncludePaths { get => throw null; set => throw null; }
    public string[] OnPushExcludePaths { get => throw null; set => throw null; }
    public string[] OnPullRequestBranches { get => throw null; set => throw null; }
    public string[] OnPullRequestTags { get => throw null; set => throw null; }
    public string[] OnPullRequestIncludePaths { get => throw null; set => throw null; }
    public string[] OnPullRequestExcludePaths { get => throw null; set => throw null; }
    public string[] OnWorkflowDispatchOptionalInputs { get => throw null; set => throw null; }
    public string[] OnWorkflowDispatchRequiredInputs { get => throw null; set => throw null; }
    public string OnCronSchedule { get => throw null; set => throw null; }
    public string[] ImportSecrets { get => throw null; set => throw null; }
    public bool EnableGitHubToken { get => throw null; set => throw null; }
    public GitHubActionsPermissions[] WritePermissions { get => throw null; set => throw null; }
    public GitHubActionsPermissions[] ReadPermissions { get => throw null; set => throw null; }
    public string[] CacheIncludePatterns { get => throw null; set => throw null; }
    public string[] CacheExcludePatterns { get => throw null; set => throw null; }
    public string[] CacheKeyFiles { get => throw null; set => throw null; }
    public bool PublishArtifacts { get => throw null; set => throw null; }
    public string PublishCondition { get => throw null; set => throw null; }
    public int TimeoutMinutes { get => throw null; set => throw null; }
    public string EnvironmentName { get => throw null; set => throw null; }
    public string EnvironmentUrl { get => throw null; set => throw null; }
    public string ConcurrencyGroup { get => throw null; set => throw null; }
    public bool ConcurrencyCancelInProgress { get => throw null; set => throw null; }
    public string JobConcurrencyGroup { get => throw null; set => throw null; }
    public bool JobConcurrencyCancelInProgress { get => throw null; set => throw null; }
    public string[] InvokedTargets { get => throw null; set => throw null; }
    public GitHubActionsSubmodules Submodules { get => throw null; set => throw null; }
    public bool Lfs { get => throw null; set => throw null; }
    public uint FetchDepth { get => throw null; set => throw null; }
    public bool Progress { get => throw null; set => throw null; }
    public string Filter { get => throw null; set => throw null; }
}

public enum GitHubActionsTrigger
{
    Push,
    PullRequest,
    WorkflowDispatch,
}

public enum GitHubActionsSubmodules
{
    True,
    Recursive,
}

public enum GitHubActionsPermissions
{
    Actions,
    Checks,
    Contents,
    Deployments,
    IdToken,
    Issues,
    Discussions,
    Packages,
    Pages,
    PullRequests,
    RepositoryProjects,
    SecurityEvents,
    Statuses,
}

public enum GitHubActionsImage
{
    WindowsLatest,
    UbuntuLatest,
    MacOsLatest,
    SelfHosted,
    Ubuntu2204,
    Ubuntu2404,
}
