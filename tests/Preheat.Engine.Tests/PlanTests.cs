using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Nuke.Common;
using Nuke.Common.IO;
using Nuke.Common.Plans;
using Preheat.Engine.Tests.Support;
using Serilog;

namespace Preheat.Engine.Tests;

public sealed class PlanTests : BuildRunTests
{
    [Theory]
    [InlineData("chain", "0<1 1<2", "●|●|●")]
    [InlineData("diamond", "0<1 0<2 1<3 2<3", "●|├─●|● │|●─╯")]
    [InlineData("two roots", "0<2 1<2", "●|│ ●|●─╯")]
    [InlineData("two graphs", "0<1 2<3", "●|●|  ●|  ●")]
    [InlineData("fan", "0<1 0<2 0<3 1<4 2<4 3<4", "●|├─●|├─│─●|● │ │|●─┴─╯")]
    [InlineData("skip a column", "0<4 1<3 2<4 3<4", "●|│ ●|│ │ ●|│ ● │|●─┴─╯")]
    [InlineData("a line stays", "0<1 0<3 1<2 1<3", "●|├─●|│ ├─●|●─╯")]
    public void Draws_the_graph(string name, string edges, string expected)
    {
        var pairs = edges.Split(' ').Select(edge => (From: edge[0] - '0', To: edge[2] - '0')).ToList();
        var rows = PlanDrawing.Create(
            [.. Enumerable.Range(0, pairs.Max(pair => pair.To) + 1).Select(node => pairs.Where(pair => pair.To == node).Select(pair => pair.From).ToList())],
            [.. Enumerable.Repeat('●', 10)]);
        string.Join('|', rows!.Select(row => row.Node.TrimEnd())).ShouldBe(expected, name);
    }

    /// <summary>Whoever follows the lines of the drawing finds the edges of the graph, and no others.</summary>
    [Fact]
    public void Draws_every_edge_and_no_other()
    {
        var graphs = from count in Gen.Choose(1, 8)
                     from bits in Gen.ListOf(Gen.Choose(0, 2), 64)
                     select Enumerable.Range(0, count).Select(node => (IReadOnlyList<int>)[.. Enumerable.Range(0, node).Where(other => bits[(node * 8) + other] == 0)]).ToArray();
        var drawn = 0;
        Prop.ForAll(graphs.ToArbitrary(), graph =>
        {
            if (PlanDrawing.Create(graph, [.. graph.Select(_ => '●')]) is not { } rows)
            {
                return true;
            }

            drawn++;
            var read = Follow([.. rows.Select(row => row.Node)]);
            return graph.Index().All(pair => pair.Item.Order().SequenceEqual(read[pair.Index].Order()));
        }).QuickCheckThrowOnFailure();
        drawn.ShouldBeGreaterThan(30);
    }

    [Fact]
    public void Prints_json_alone_on_the_output_and_logs_on_the_error_stream()
    {
        _run.Variables["GITHUB_ACTIONS"] = "true";
        _run.Run<Sample>("--plan json", x => x.Deploy).ShouldBe(0, _run.Output);
        using var document = JsonDocument.Parse(_run.Out);
        document.RootElement.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("name").GetString()).ShouldBe(["Resolve", "Bake", "Deploy"]);
        _run.Error.ShouldContain("[WRN] created");
        _run.Error.ShouldNotContain("::");
    }

    [Fact]
    public void Tells_where_each_value_comes_from()
    {
        _run.Variables["NUKE_REGION"] = "from-env";
        _run.Variables["Zone"] = "from-bare-env";
        _run.WriteFile("parameters.json", """{ "Model": "common", "Region": "hidden" }""");
        _run.WriteFile("parameters.gpu.json", """{ "Model": "profile", "Tags": ["a", "b"] }""");
        _run.Run<Sample>("--plan json --profile gpu --cloud typed --token hush --count 3 --dry", x => x.Deploy).ShouldBe(0, _run.Output);
        using var document = JsonDocument.Parse(_run.Out);
        document.RootElement.GetProperty("parameters").EnumerateArray().Select(value => string.Join(' ', value.EnumerateObject().Select(field => field.Value.ToString()))).ShouldBe(
        [
            "cloud typed commandLine",
            "region from-env environment NUKE_REGION",
            "zone from-bare-env environment Zone",
            "model profile parametersFile .nuke/parameters.gpu.json",
            "tags a, b parametersFile .nuke/parameters.gpu.json",
            "server vllm default",
            "count 3 commandLine",
            "dry true commandLine",
            "token *** commandLine",
            "profile gpu commandLine",
        ]);
    }

    [Fact]
    public void Does_not_call_up_to_date_what_depends_on_something_that_runs()
    {
        _run.Slots["preheat.plan"] = new Func<string, string?>(target => target == "Resolve" ? "runs: no receipt" : "up to date, if it still exists");
        States().ShouldBe(["Resolve runs no receipt", "Bake decidedWhenItRuns up to date, unless Resolve makes something else", "Deploy decidedWhenItRuns up to date, unless Bake makes something else"]);
    }

    [Fact]
    public void Says_what_the_builds_hook_says()
    {
        _run.Slots["preheat.plan"] = new Func<string, string?>(target => target == "Bake" ? "decided when it runs" : "up to date, if it still exists");
        States().ShouldBe(["Resolve upToDate if it still exists", "Bake decidedWhenItRuns ", "Deploy decidedWhenItRuns up to date, unless Bake makes something else"]);
    }

    [Fact]
    public void Leaves_out_what_another_predecessor_implies_and_shows_what_an_exclusive_target_adds()
    {
        _run.Slots["preheat.exclusive"] = new[] { "Free" };
        _run.Run<Sample>("Deploy Free --plan json").ShouldBe(0, _run.Output);
        using var document = JsonDocument.Parse(_run.Out);
        document.RootElement.GetProperty("targets").EnumerateArray()
            .Select(target => $"{target.GetProperty("name")} after {string.Join(' ', target.GetProperty("after").EnumerateArray())}")
            .ShouldBe(["Resolve after ", "Bake after Resolve", "Deploy after Bake", "Free after Deploy"]);
    }

    [Theory]
    [InlineData("Bake --plan", "Wrong for Resolve, Bake.")]
    [InlineData("Bake", "Wrong for Resolve, Bake.")]
    [InlineData("Bake --count many", "Parameter --count: 'many' is not a whole number (from the command line).", "Wrong for Resolve, Bake.")]
    [InlineData("Bake Dploy --count many", "Unknown target 'Dploy'; did you mean Deploy?", "Parameter --count: 'many' is not a whole number (from the command line).", "Wrong for Resolve, Bake.")]
    public void Tells_what_the_build_finds_wrong_together_with_what_is_wrong_anyway(string arguments, params string[] expected)
    {
        _run.Slots["preheat.check"] = new Func<string[], string[]>(targets => [$"Wrong for {string.Join(", ", targets)}."]);
        _run.Run<Sample>(arguments, x => x.Deploy).ShouldBe(2, _run.Output);
        _run.Error.Trim().Split('\n').ShouldBe(expected);
        _run.Out.ShouldNotContain("Plan");
    }

    [Fact]
    public void Keeps_to_what_it_knows_when_the_builds_own_check_cannot_cope()
    {
        _run.Slots["preheat.check"] = new Func<string[], string[]>(_ => throw new InvalidOperationException("unforeseen"));
        _run.Run<Sample>("Bake --count many", x => x.Deploy).ShouldBe(2, _run.Output);
        _run.Error.Trim().ShouldBe("Parameter --count: 'many' is not a whole number (from the command line).");
    }

    private IEnumerable<string> States()
    {
        _run.Run<Sample>("--plan json", x => x.Deploy).ShouldBe(0, _run.Output);
        using var document = JsonDocument.Parse(_run.Out);
        return [.. document.RootElement.GetProperty("targets").EnumerateArray().Select(target => $"{target.GetProperty("name")} {target.GetProperty("state")} {target.GetProperty("reason")}")];
    }

    /// <summary>Reads the drawing: for each row the rows to which lines lead from it upwards.</summary>
    private static List<HashSet<int>> Follow(string[] rows)
    {
        const string Up = "│┤├┼╯╰┴";
        const string Down = "│┤├┼";
        var found = new List<HashSet<int>>();
        for (var row = 0; row < rows.Length; row++)
        {
            var own = rows[row].IndexOf('●', StringComparison.Ordinal);
            var columns = new HashSet<int>();

            // A horizontal line leads to joints; it passes behind a vertical one.
            for (var at = own - 1; at >= 0 && rows[row][at] is not ' '; at--)
            {
                if ("├┼╰┴".Contains(rows[row][at]))
                {
                    columns.Add(at);
                }
            }

            for (var at = own + 1; at < rows[row].Length && rows[row][at] is not ' '; at++)
            {
                if ("┤┼╯┴".Contains(rows[row][at]))
                {
                    columns.Add(at);
                }
            }

            columns.Add(own);
            found.Add([.. columns.Select(column => NodeAbove(rows, row, column, Up, Down)).OfType<int>()]);
        }

        return found;
    }

    private static int? NodeAbove(string[] rows, int row, int column, string up, string down)
    {
        for (var above = row - 1; above >= 0; above--)
        {
            if (rows[above][column] == '●')
            {
                return above;
            }

            if (!down.Contains(rows[above][column]) || !up.Contains(rows[above][column]))
            {
                return null;
            }
        }

        return null;
    }

    private sealed class Sample : NukeBuild
    {
        [Parameter] public readonly string? Cloud;
        [Parameter] public readonly string? Region;
        [Parameter] public readonly string? Zone;
        [Parameter] public readonly string? Model;
        [Parameter] public readonly string[]? Tags;
        [Parameter] public readonly string Server = "vllm";
        [Parameter] public readonly int? Count;
        [Parameter] public readonly bool? Dry;
        [Parameter] public readonly AbsolutePath? Folder;
        [Parameter, Secret] public readonly string? Token;

        private Target Resolve => _ => _.Executes(() => throw new InvalidOperationException("runs nothing"));
        private Target Bake => _ => _.DependsOn(Resolve).Executes(() => throw new InvalidOperationException("runs nothing"));
        public Target Deploy => _ => _.DependsOn(Resolve, Bake).Executes(() => throw new InvalidOperationException("runs nothing"));
        private Target Free => _ => _.Executes(() => throw new InvalidOperationException("runs nothing"));

        protected internal override void OnBuildCreated() => Log.Warning("created");
    }
}
