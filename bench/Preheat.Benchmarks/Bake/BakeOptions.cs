namespace Preheat.Benchmarks.Bake;

/// <summary>What to bake and into what.</summary>
internal sealed record BakeOptions
{
    /// <summary>Bytes of weights. The default value is 4 GiB.</summary>
    public long Size { get; init; } = 4L << 30;

    /// <summary>True: Debian's docker-registry; false: a registry that reads everything and keeps nothing. The default value is false.</summary>
    public bool RealRegistry { get; init; }

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
                "--sink" when value is "discard" or "registry" => options with { RealRegistry = value == "registry" },
                "--artifacts-directory" => options with { ArtifactsDirectory = value },
                _ => throw new UserException($"{arguments[i]} {value}: the options are --size 4GiB, --sink discard|registry, --artifacts-directory DIR."),
            };
        }
        return options;
    }
}
