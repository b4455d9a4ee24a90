using FsCheck;
using FsCheck.Fluent;
using Nuke.Common;

namespace Preheat.Engine.Tests.Support;

/// <summary>What one target says about another: <c>From.Kind(To)</c>.</summary>
public sealed record Edge(int From, string Kind, int To);

/// <summary>A graph of eight targets, and those that the command line names.</summary>
public sealed record RandomGraph(Edge[] Edges, int[] Invoked)
{
    public const int Size = 8;

    private static readonly string[] Kinds = ["DependsOn", "DependentFor", "Before", "After", "Triggers", "TriggeredBy"];

    /// <summary>Edges are (from, kind, to); in an acyclic graph the one that runs first always has the smaller number.</summary>
    public static Arbitrary<RandomGraph> Any(bool acyclic)
    {
        var edge = from a in Gen.Choose(0, Size - 1)
                   from b in Gen.Choose(0, Size - 1)
                   from kind in Gen.Elements(Kinds)
                   where !acyclic || a != b
                   let runsLater = kind is "DependsOn" or "After" or "TriggeredBy"
                   let swap = acyclic && (a > b) != runsLater
                   select new Edge(swap ? b : a, kind, swap ? a : b);
        var graph = from count in Gen.Choose(0, acyclic ? 14 : 7)
                    from edges in Gen.ListOf(edge, count)
                    from names in Gen.Shuffle(Enumerable.Range(0, Size))
                    from invoked in Gen.Choose(1, 3)
                    select new RandomGraph([.. edges], [.. names.Take(invoked)]);
        return graph.ToArbitrary();
    }

    /// <summary>Which must run before which, and which run at all; by boolean matrices alone.</summary>
    public (bool[,] RunsBefore, HashSet<int> Scheduled) Reference()
    {
        var before = new bool[Size, Size];
        var pulls = new bool[Size, Size];
        foreach (var (from, kind, to) in Edges)
        {
            var fromIsFirst = kind is "DependentFor" or "Before" or "Triggers";
            before[fromIsFirst ? from : to, fromIsFirst ? to : from] = true;
            switch (kind)
            {
                case "DependsOn" or "Triggers": pulls[from, to] = true; break;
                case "DependentFor" or "TriggeredBy": pulls[to, from] = true; break;
            }
        }

        Close(before);
        Close(pulls);
        return (before, [.. Invoked, .. Invoked.SelectMany(index => Enumerable.Range(0, Size).Where(other => pulls[index, other]))]);
    }

    public override string ToString() => $"{string.Join(", ", Invoked)} in {string.Join("; ", Edges.Select(edge => $"T{edge.From} {edge.Kind} T{edge.To}"))}";

    /// <summary>Warshall's transitive closure.</summary>
    private static void Close(bool[,] relation)
    {
        for (var k = 0; k < Size; k++)
        {
            for (var i = 0; i < Size; i++)
            {
                for (var j = 0; j < Size; j++)
                {
                    relation[i, j] |= relation[i, k] && relation[k, j];
                }
            }
        }
    }
}

/// <summary>The build that a <see cref="RandomGraph"/> describes.</summary>
public abstract class GraphBuild(Edge[] edges) : RecordingBuild
{
    public Target T0 => _ => Define(0, _);
    public Target T1 => _ => Define(1, _);
    public Target T2 => _ => Define(2, _);
    public Target T3 => _ => Define(3, _);
    public Target T4 => _ => Define(4, _);
    public Target T5 => _ => Define(5, _);
    public Target T6 => _ => Define(6, _);
    public Target T7 => _ => Define(7, _);

    /// <summary>The action of one target.</summary>
    protected abstract Task ExecuteAsync(int index);

    private ITargetDefinition Define(int index, ITargetDefinition definition)
    {
        Target[] all = [T0, T1, T2, T3, T4, T5, T6, T7];
        foreach (var edge in edges.Where(edge => edge.From == index))
        {
            var other = all[edge.To];
            definition = edge.Kind switch
            {
                "DependsOn" => definition.DependsOn(other),
                "DependentFor" => definition.DependentFor(other),
                "Before" => definition.Before(other),
                "After" => definition.After(other),
                "Triggers" => definition.Triggers(other),
                _ => definition.TriggeredBy(other),
            };
        }

        return definition.Executes(() => ExecuteAsync(index));
    }
}
