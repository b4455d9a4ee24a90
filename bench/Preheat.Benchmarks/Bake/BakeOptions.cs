using System.Globalization;

namespace Preheat.Benchmarks.Bake;

/// <summary>What to bake, how often, beside what.</summary>
internal sealed record BakeOptions
{
    /// <summary>Bytes of weights. The default value is 1 GiB.</summary>
    public long Size { get; init; } = 1L << 30;

    /// <summary>Runs of each; the median is printed. The default value is 3.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>True: also into Debian's docker-registry, beside buildah and umoci with skopeo; false: into the discarding registry only. The default value is true.</summary>
    public bool Peers { get; init; } = true;

    public string ArtifactsDirectory { get; init; } = "artifacts";

    public static BakeOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BakeOptions();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : throw new UserException($"{arguments[i]} has no value.");
            options = arguments[i] switch
            {
                "--size" => options with { Size = ByteSize.Parse(value) },
                "--runs" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var runs) && runs is > 0 and < 100 => options with { Runs = runs },
                "--peers" when value is "all" or "none" => options with { Peers = value == "all" },
                "--artifacts-directory" => options with { ArtifactsDirectory = value },
                _ => throw new UserException($"{arguments[i]} {value}: the options are --size 1GiB, --runs 3, --peers all|none, --artifacts-directory DIR."),
            };
        }
        return options;
    }
}
