using System.Globalization;
using Preheat.Simulation.Hardware;

namespace Preheat.Simulation.Tests.Hardware;

public sealed class StepCostTests
{
    /// <summary>Shapes from the models' config.json; bytes as measured beside the rows.</summary>
    private static readonly Dictionary<string, ModelShape> Shapes = new()
    {
        ["gemma-2-2b"] = Shape(5_228_439_552, 26, 8, 4, 256, 2304),
        ["gemma-2-9b"] = Shape(18_482_802_688, 42, 16, 8, 256, 3584),
        ["llama-3.1-8b"] = Shape(15_009_841_152, 32, 32, 8, 128, 4096),
    };

    [Theory]
    [InlineData("gemma-2-2b", 0.11)]
    [InlineData("gemma-2-9b", 0.11)]
    [InlineData("llama-3.1-8b", 0.13)]
    public void Decode_from_first_principles_is_near_every_measured_row(string model, double tolerance)
    {
        var cost = StepCost.FromFirstPrinciples(Shapes[model], Accelerators.H100);
        var rows = Rows(model, "decode").ToList();

        rows.Count.ShouldBe(33);
        foreach (var row in rows)
        {
            Error(cost.Decode(row.Sequences, row.Context), row).ShouldBeLessThan(tolerance, $"{row}: {cost.Decode(row.Sequences, row.Context).TotalMilliseconds:0.00} ms");
        }
    }

    [Theory]
    [InlineData("gemma-2-2b")]
    [InlineData("gemma-2-9b")]
    [InlineData("llama-3.1-8b")]
    public void Prefill_from_first_principles_is_near_every_measured_row(string model)
    {
        var cost = StepCost.FromFirstPrinciples(Shapes[model], Accelerators.H100);
        foreach (var row in Rows(model, "prefill"))
        {
            Error(cost.Prefill(row.Context), row).ShouldBeLessThan(0.15, $"{row}: {cost.Prefill(row.Context).TotalMilliseconds:0.00} ms");
        }
    }

    [Fact]
    public void Two_accelerators_halve_the_bytes_but_pay_for_talking()
    {
        var one = StepCost.FromFirstPrinciples(Shapes["gemma-2-9b"], Accelerators.L4);
        var two = StepCost.FromFirstPrinciples(Shapes["gemma-2-9b"], Accelerators.L4, tensorParallel: 2);

        two.Base.ShouldBeInRange(one.Base / 2, one.Base * 0.6);
        two.PerContextToken.ShouldBe(one.PerContextToken / 2, one.PerContextToken * 1e-9);
    }

    [Fact]
    public void Prompt_tokens_beside_decodes_hide_behind_the_read_of_the_weights()
    {
        var cost = StepCost.FromFirstPrinciples(Shapes["gemma-2-9b"], Accelerators.L4);

        var alone = cost.Iteration(8, 8 * 512);
        cost.Iteration(8, 8 * 512, promptTokens: 16, promptPairs: 128).ShouldBeLessThan(alone * 1.02);
        cost.Iteration(8, 8 * 512, promptTokens: 2048, promptPairs: 2048 * 1024).ShouldBeGreaterThan(alone * 3);
    }

    [Fact]
    public void Accelerators_are_found_by_their_GKE_name()
    {
        Accelerators.Find("nvidia-l4").ShouldBe(Accelerators.L4);
        Accelerators.Find("nvidia-l5").ShouldBeNull();
    }

    private static double Error(TimeSpan modelled, Row row) => Math.Abs(modelled.TotalMilliseconds / row.Milliseconds - 1);

    private static IEnumerable<Row> Rows(string model, string kind)
    {
        using var reader = new StreamReader(typeof(StepCostTests).Assembly.GetManifestResourceStream("gpu-steps-h100.csv")!);
        foreach (var line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            var cells = line.Split(',');
            if (cells[0] == model && cells[1] == kind)
            {
                yield return new Row(model, kind, int.Parse(cells[2], CultureInfo.InvariantCulture), int.Parse(cells[3], CultureInfo.InvariantCulture), double.Parse(cells[4], CultureInfo.InvariantCulture));
            }
        }
    }

    private static ModelShape Shape(long bytes, int layers, int heads, int kvHeads, int headDim, int hidden) => new()
    {
        WeightBytes = bytes,
        Parameters = bytes / 2,
        Layers = layers,
        Heads = heads,
        KvHeads = kvHeads,
        HeadDim = headDim,
        HiddenSize = hidden,
    };

    private sealed record Row(string Model, string Kind, int Sequences, int Context, double Milliseconds);
}
