namespace Nuke.Common.CI.GitHubActions;

#pragma warning disable MA0049 // Nuke's type has the name of its namespace, and the build must find it there.

/// <summary>The build runs on GitHub Actions: targets print as groups, warnings and errors as annotations.</summary>
public class GitHubActions : Host
{
    internal GitHubActions()
    {
    }

    internal override bool IsServer => true;
}
