using System.Runtime.CompilerServices;

namespace Preheat.ClusterTests.Differential;

/// <summary>The differences of one sequence that are known: <c>sequence / step / path  why</c>, one line each. A <c>*</c> at a path's end stands for all below it.</summary>
internal sealed class KnownDifferences
{
    /// <summary>The version that the list was made with.</summary>
    public const int Minor = 20;

    private readonly HashSet<string> _known;
    private readonly HashSet<string> _unused;

    private KnownDifferences(IEnumerable<string> known) => (_known, _unused) = ([.. known], [.. known]);

    /// <summary>Those that no answer had.</summary>
    public IReadOnlyCollection<string> Unused => _unused;

    public static KnownDifferences Read(string sequence) =>
        new([.. File.ReadLines(Path.Combine(Folder(), "known.txt"))
            .Where(line => line.StartsWith(sequence + " / ", StringComparison.Ordinal))
            .Select(line => line[(sequence.Length + 3)..].Split("  ")[0])]);

    public bool Takes(string step, string difference)
    {
        var path = $"{step} / {(char.IsAsciiDigit(difference[0]) ? "status" : difference.Split(": ")[0])}";
        if (_known.FirstOrDefault(known => known == path || (known.EndsWith('*') && path.StartsWith(known[..^1], StringComparison.Ordinal))) is not { } taken)
            return false;
        _unused.Remove(taken);
        return true;
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
