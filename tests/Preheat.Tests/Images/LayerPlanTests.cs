using Preheat.Images;
using Preheat.Models;

namespace Preheat.Tests.Images;

public sealed class LayerPlanTests
{
    [Fact]
    public void Large_files_have_layers_of_their_own_and_small_ones_share_one()
    {
        var plan = LayerPlan.Make([File("b", 1 << 20), File("a", 5 << 20), File("z", 10), File("c", 0)], new ModelPlacement("/models/m"), 98);
        plan.Select(Paths).ShouldBe(["models/m/a", "models/m/b", "models/m/c models/m/z"]);
    }

    [Fact]
    public void Beyond_the_budget_the_smallest_are_put_together()
    {
        var files = Enumerable.Range(0, 150).Select(i => File($"shard-{i:000}", (i + 1L) << 20)).ToList();
        var plan = LayerPlan.Make(files, new ModelPlacement("/models/m"), 98);

        plan.Count.ShouldBe(98);
        plan.Sum(layer => layer.Count).ShouldBe(150);
        plan.Single(layer => layer.Any(file => file.Path.EndsWith("shard-149"))).Count.ShouldBe(1);
        LayerPlan.Make([.. files.AsEnumerable().Reverse()], new ModelPlacement("/models/m"), 98).Select(Paths).ShouldBe(plan.Select(Paths));
    }

    private static ModelFile File(string path, long size) => new(path, size, null, "x");

    private static string Paths(IReadOnlyList<LayerFile> layer) => string.Join(' ', layer.Select(file => file.Path));
}
