namespace Nuke.Common;

/// <summary>Where the build runs.</summary>
public class Host
{
    internal static Host Detect(IReadOnlyDictionary<string, string> variables)
    {
        if (string.Equals(variables.GetValueOrDefault("GITHUB_ACTIONS"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return new CI.GitHubActions.GitHubActions();
        }

        // CI=true is what GitHub, GitLab, CircleCI, Travis, Bitbucket and Buildkite set; the other two do not.
        var isServer = string.Equals(variables.GetValueOrDefault("CI"), "true", StringComparison.OrdinalIgnoreCase)
            || variables.ContainsKey("TF_BUILD")
            || variables.ContainsKey("JENKINS_URL");
        return isServer ? new Host { IsServer = true } : new Host();
    }

    internal virtual bool IsServer { get; init; }

    public override string ToString() => GetType() == typeof(Host) ? IsServer ? "Server" : "Terminal" : GetType().Name;
}
