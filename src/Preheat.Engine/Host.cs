namespace Nuke.Common;

/// <summary>Where the build runs.</summary>
public class Host
{
    /// <summary>The names that <c>--host</c> takes.</summary>
    internal static readonly IReadOnlyList<string> Names = [nameof(CI.GitHubActions.GitHubActions), "Server", nameof(Terminal)];

    protected Host()
    {
    }

    internal virtual bool IsServer => false;

    /// <param name="name">One of <see cref="Names"/>, in any case; with any other text the variables decide.</param>
    internal static Host Detect(IReadOnlyDictionary<string, string> variables, string? name = null)
    {
        if (Names.FirstOrDefault(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) is { } given)
        {
            return given == nameof(Terminal) ? new Terminal() : given == "Server" ? new Server() : new CI.GitHubActions.GitHubActions();
        }

        if (string.Equals(variables.GetValueOrDefault("GITHUB_ACTIONS"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return new CI.GitHubActions.GitHubActions();
        }

        // CI=true is what GitHub, GitLab, CircleCI, Travis, Bitbucket and Buildkite set; the other two do not.
        var isServer = string.Equals(variables.GetValueOrDefault("CI"), "true", StringComparison.OrdinalIgnoreCase)
            || variables.ContainsKey("TF_BUILD")
            || variables.ContainsKey("JENKINS_URL");
        return isServer ? new Server() : new Terminal();
    }

    public override string ToString() => GetType().Name;

    /// <summary>Any other CI service.</summary>
    private sealed class Server : Host
    {
        internal override bool IsServer => true;
    }
}

/// <summary>The build runs at somebody's own machine.</summary>
public class Terminal : Host
{
    internal Terminal()
    {
    }
}
