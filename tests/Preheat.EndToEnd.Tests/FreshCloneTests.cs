namespace Preheat.EndToEnd.Tests;

/// <summary>A fresh clone continues from the receipts that the cluster keeps.</summary>
public sealed class FreshCloneTests
{
    private static readonly string[] Load = ["LoadTest", "--load-rate", "0.1", "--load-duration", "1s"];

    [Fact]
    public async Task Finds_all_up_to_date_and_makes_anew_only_what_is_gone()
    {
        await using var place = new Workplace();
        (await place.BuildAsync("Deploy")).ShouldExit(0);
        var digest = place.Output("tiny-gemma-2", "BakeImage").GetProperty("digest").GetString();

        Directory.Delete(place.Artifacts, recursive: true);
        var output = (await place.BuildAsync(Load)).ShouldExit(0).Output;
        output.ShouldContain("Continues from");
        place.Steps("tiny-gemma-2").Where(step => step.Key != "LoadTest").ShouldAllBe(step => step.Value);
        place.Steps("tiny-gemma-2").Keys.ShouldBe(["ResolveModel", "BakeImage", "RenderManifests", "Deploy", "SmokeTest", "LoadTest"], ignoreOrder: true);
        place.Output("tiny-gemma-2", "BakeImage").GetProperty("digest").GetString().ShouldBe(digest);

        // The same name at another place is not continued.
        Directory.Delete(place.Artifacts, recursive: true);
        var refused = (await place.BuildAsync([.. Load, "--project-id", "elsewhere"])).ShouldExit(2);
        refused.Output.ShouldContain("elsewhere");
        refused.Output.ShouldContain("preheat-tiny-gemma-2-receipts");

        Directory.Delete(place.Artifacts, recursive: true);
        (await place.BuildAsync("Teardown", "--yes")).ShouldExit(0).Output.ShouldContain("ConfigMap/preheat-tiny-gemma-2-receipts");
    }
}
