using System.Globalization;

namespace Preheat.Benchmarks.Startup;

/// <summary>How to measure.</summary>
internal sealed record StartupOptions
{
    /// <summary>Rounds; in each every program has its turn. The default value is 7.</summary>
    public int Runs { get; init; } = 7;

    /// <summary>Whether Cake is installed and measured too. The default value is true.</summary>
    public bool HasPeers { get; init; } = true;

    /// <summary>The repository. The default value is the working directory.</summary>
    public string Root { get; init; } = Environment.CurrentDirectory;

    public string ArtifactsDirectory { get; init; } = "artifacts";

    public static StartupOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new StartupOptions();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : throw new UserException($"{arguments[i]} has no value.");
            options = arguments[i] switch
            {
                "--runs" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var runs) && runs > 0 => options with { Runs = runs },
                "--peers" when value is "all" or "none" => options with { HasPeers = value == "all" },
                "--root" => options with { Root = Path.GetFullPath(value) },
                "--artifacts-directory" => options with { ArtifactsDirectory = value },
                _ => throw new UserException($"{arguments[i]} {value}: the options are --runs 7, --peers all|none, --root DIR, --artifacts-directory DIR."),
            };
        }
        return options;
    }
}
