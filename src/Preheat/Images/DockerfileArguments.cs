using System.Runtime.InteropServices;

namespace Preheat.Images;

/// <summary>ARG: values of the global scope (before the first FROM) and of a stage, which sees a global value only where it declares it.</summary>
/// <remarks>Dockerfile reference, "ARG", "Scope", "Automatic platform ARGs in the global scope".</remarks>
internal sealed class DockerfileArguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, string> _given;
    private readonly IReadOnlyDictionary<string, string> _outer;
    private readonly char _escape;

    private DockerfileArguments(IReadOnlyDictionary<string, string> given, IReadOnlyDictionary<string, string> outer, char escape) =>
        (_given, _outer, _escape) = (given, outer, escape);

    /// <summary>The scope before the first FROM.</summary>
    /// <param name="given">The build arguments.</param>
    /// <param name="platform">Gives <c>TARGETPLATFORM</c>, <c>TARGETOS</c>, <c>TARGETARCH</c>, <c>TARGETVARIANT</c>.</param>
    /// <exception cref="UserException">An ARG that cannot be read.</exception>
    public static DockerfileArguments Global(Dockerfile file, IReadOnlyDictionary<string, string> given, ImagePlatform platform)
    {
        var scope = new DockerfileArguments(given, Automatic(platform), file.Escape);
        foreach (var (name, value) in scope._outer)
            scope._values[name] = given.GetValueOrDefault(name, value);
        foreach (var instruction in file.Arguments)
            file.Guard(instruction, () => scope.Declare(instruction.Rest, scope.Value));
        return scope;
    }

    /// <summary>The scope of a stage, empty at its start.</summary>
    public DockerfileArguments Stage() => new(_given, _values, _escape);

    public string? Value(string name) => _values.GetValueOrDefault(name);

    /// <summary>Follows an ARG instruction; <paramref name="lookup"/> gives the variables that a default may use.</summary>
    public void Declare(string rest, Func<string, string?> lookup)
    {
        foreach (var word in DockerfileWords.Split(rest, _escape))
        {
            var (name, value) = DockerfileWords.SplitPair(word);
            if (name.Length == 0)
                throw new FormatException("a variable has no name");
            if (_given.TryGetValue(name, out var given))
                _values[name] = given;
            else if (value is not null)
                _values[name] = DockerfileWords.Expand(value, lookup, _escape);
            else if (_outer.TryGetValue(name, out var before))
                _values[name] = before;
        }
    }

    private static Dictionary<string, string> Automatic(ImagePlatform platform)
    {
        var host = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["TARGETPLATFORM"] = platform.ToString(),
            ["TARGETOS"] = platform.Os,
            ["TARGETARCH"] = platform.Architecture,
            ["TARGETVARIANT"] = platform.Variant ?? "",
            ["BUILDPLATFORM"] = $"linux/{host}",
            ["BUILDOS"] = "linux",
            ["BUILDARCH"] = host,
            ["BUILDVARIANT"] = "",
        };
    }
}
