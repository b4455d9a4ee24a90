namespace Preheat.EndToEnd.Tests;

/// <summary>The main job, as a user runs it.</summary>
public sealed class VerifyTests
{
    // One request: whether many were sent on time is a matter of the machine, and no test asserts timings.
    private static readonly string[] QuickLoad = ["--load-duration", "1s", "--load-rate", "0.1"];

    [Fact]
    public async Task Goes_from_a_model_to_a_tested_endpoint_and_then_finds_all_up_to_date()
    {
        await using var place = new Workplace();
        (await place.BuildAsync(QuickLoad)).ShouldExit(0);
        foreach (var file in new[] { "ResolveModel.json", "BakeImage.json", "RenderManifests.json", "Deploy.json", "SmokeTest.json", "LoadTest.json", "run.json", "load.json", "load.txt", "report.html" })
            File.Exists(Path.Combine(place.Artifacts, "tiny-gemma-2", file)).ShouldBeTrue(file);
        place.Output("tiny-gemma-2", "ResolveModel").GetProperty("weightBytes").GetInt64().ShouldBeGreaterThanOrEqualTo(64_000_000);
        place.Steps("tiny-gemma-2").Values.ShouldNotContain(true);
        await RunSchema.ShouldHoldAsync(place, "tiny-gemma-2");
        var digest = place.Output("tiny-gemma-2", "BakeImage").GetProperty("digest").GetString();

        (await place.BuildAsync(QuickLoad)).ShouldExit(0);
        place.Steps("tiny-gemma-2").Where(step => step.Key is not "LoadTest").ShouldAllBe(step => step.Value);
        place.Output("tiny-gemma-2", "BakeImage").GetProperty("digest").GetString().ShouldBe(digest);

        // A new process measures what the last one left running.
        (await place.BuildAsync(["LoadTest", .. QuickLoad])).ShouldExit(0);
        place.Json("tiny-gemma-2", "load.json").GetProperty("requests").GetInt64().ShouldBe(1);

        (await place.BuildAsync(["LoadTest", .. QuickLoad, "--objective", "success>=99,p50<=1us"])).ShouldExit(3);

        (await place.BuildAsync("Status")).ShouldExit(0).Output.ShouldContain("tiny-gemma-2");
        (await place.BuildAsync("Teardown", "--yes")).ShouldExit(0);
        var status = (await place.BuildAsync("Status")).ShouldExit(0);
        status.Output.ShouldContain("Nothing");
    }

    [Fact]
    public async Task A_changed_byte_bakes_one_layer_anew_and_rolls_out()
    {
        await using var place = new Workplace();
        var model = ModelFolder.Write(place.In("my-model"));
        string[] arguments = ["Deploy", "--model", "file://" + model];
        (await place.BuildAsync(arguments)).ShouldExit(0);
        var before = place.Output("my-model", "BakeImage");
        var rollout = place.Output("my-model", "Deploy");
        var layers = LayersOf(place, before);

        var shard = Path.Combine(model, "model-00001-of-00002.safetensors");
        var bytes = await File.ReadAllBytesAsync(shard);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(shard, bytes);
        (await place.BuildAsync(arguments)).ShouldExit(0);
        var after = place.Output("my-model", "BakeImage");
        after.GetProperty("digest").GetString().ShouldNotBe(before.GetProperty("digest").GetString());
        place.Output("my-model", "Deploy").GetProperty("imageDigest").GetString().ShouldBe(after.GetProperty("digest").GetString());
        place.Output("my-model", "Deploy").GetProperty("revision").GetString().ShouldNotBe(rollout.GetProperty("revision").GetString());
        LayersOf(place, after).Except(layers).Count().ShouldBe(1);
    }

    private static List<string> LayersOf(Workplace place, System.Text.Json.JsonElement image)
    {
        var digest = image.GetProperty("digest").GetString()!["sha256:".Length..];
        var blob = Directory.EnumerateFiles(Path.Combine(place.State, "registry"), digest, SearchOption.AllDirectories).First();
        return [.. System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(blob)).RootElement.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("digest").GetString()!)];
    }
}
