namespace Nuke.Common.CI.GitHubActions;

/// <summary>Describes a workflow. This engine accepts it, so that the build compiles; workflow files are kept by hand.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public class GitHubActionsAttribute(string name, GitHubActionsImage image, params GitHubActionsImage[] images) : Attribute
{
    /// <summary>Name of the workflow file, without extension.</summary>
    public string Name => name;

    /// <summary>One job for each image.</summary>
    public IReadOnlyList<GitHubActionsImage> Images => [image, .. images];

    public bool AutoGenerate { get; set; } = true;
    public GitHubActionsTrigger[] On { get; set; } = [];
    public string[] OnPushBranches { get; set; } = [];
    public string[] OnPushBranchesIgnore { get; set; } = [];
    public string[] OnPushTags { get; set; } = [];
    public string[] OnPushTagsIgnore { get; set; } = [];
    public string[] OnPushIncludePaths { get; set; } = [];
    public string[] OnPushExcludePaths { get; set; } = [];
    public string[] OnPullRequestBranches { get; set; } = [];
    public string[] OnPullRequestTags { get; set; } = [];
    public string[] OnPullRequestIncludePaths { get; set; } = [];
    public string[] OnPullRequestExcludePaths { get; set; } = [];
    public string[] OnWorkflowDispatchOptionalInputs { get; set; } = [];
    public string[] OnWorkflowDispatchRequiredInputs { get; set; } = [];
    public string? OnCronSchedule { get; set; }
    public string[] ImportSecrets { get; set; } = [];
    public bool EnableGitHubToken { get; set; }
    public GitHubActionsPermissions[] WritePermissions { get; set; } = [];
    public GitHubActionsPermissions[] ReadPermissions { get; set; } = [];
    public string[] CacheIncludePatterns { get; set; } = [];
    public string[] CacheExcludePatterns { get; set; } = [];
    public string[] CacheKeyFiles { get; set; } = [];
    public bool PublishArtifacts { get; set; } = true;
    public string? PublishCondition { get; set; }
    public int TimeoutMinutes { get; set; }
    public string? EnvironmentName { get; set; }
    public string? EnvironmentUrl { get; set; }
    public string? ConcurrencyGroup { get; set; }
    public bool ConcurrencyCancelInProgress { get; set; }
    public string? JobConcurrencyGroup { get; set; }
    public bool JobConcurrencyCancelInProgress { get; set; }
    public string[] InvokedTargets { get; set; } = [];
    public GitHubActionsSubmodules Submodules { get; set; }
    public bool Lfs { get; set; }
    public uint FetchDepth { get; set; }
    public bool Progress { get; set; }
    public string? Filter { get; set; }
}

/// <summary>Events that start a workflow.</summary>
public enum GitHubActionsTrigger
{
    Push,
    PullRequest,
    WorkflowDispatch,
}

/// <summary>Runner images.</summary>
public enum GitHubActionsImage
{
    WindowsLatest,
    UbuntuLatest,
    MacOsLatest,
    SelfHosted,
    Ubuntu2204,
    Ubuntu2404,
}

/// <summary>Which submodules a checkout fetches.</summary>
public enum GitHubActionsSubmodules
{
    True,
    Recursive,
}

/// <summary>What the workflow's token may be used for.</summary>
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
