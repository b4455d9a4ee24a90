namespace Preheat.EndToEnd.Tests;

/// <summary>Every inference server, from its image to a load test.</summary>
public sealed class ServerTests
{
    private static readonly string[] Measured = ["SmokeTest", "LoadTest", "--load-duration", "1s", "--load-rate", "0.1"];

    [Fact]
    public async Task Serves_with_TGI_from_its_own_recipe_in_both_of_its_languages()
    {
        await using var place = new Workplace();
        (await place.BuildAsync([.. Measured, "--server", "tgi"])).ShouldExit(0);
        place.Output("tiny-gemma-2", "BakeImage").GetProperty("baseImage").GetString().ShouldStartWith("ghcr.io/huggingface/text-generation-inference@sha256:");
        place.Output("tiny-gemma-2", "SmokeTest").GetProperty("serverVersion").GetString().ShouldBe("3.3.6");
        place.Output("tiny-gemma-2", "SmokeTest").GetProperty("servedModelName").GetString().ShouldBe("/models/tiny-gemma-2");
        File.ReadAllText(Path.Combine(place.Artifacts, "tiny-gemma-2", "manifests", "horizontalpodautoscaler.yaml")).ShouldContain("tgi_queue_size");
        Load(place, "tiny-gemma-2").ShouldBe((1, 1));

        (await place.BuildAsync([.. Measured, "--server", "tgi", "--server-api", "generate"])).ShouldExit(0);
        place.Steps("tiny-gemma-2")["Deploy"].ShouldBeTrue();
        Load(place, "tiny-gemma-2").ShouldBe((1, 1));
    }

    [Fact]
    public async Task Serves_with_vLLMs_simple_server_in_the_dialect_of_its_image()
    {
        const string Vertex = "us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:20240910_0916_RC00";
        await using var place = new Workplace();
        foreach (var (deployment, detail, arguments) in new[] { ("plain", "text: ", new[] { "--server-api", "generate" }), ("vertex", "predictions: ", ["--base-image", Vertex]) })
        {
            (await place.BuildAsync([.. Measured, "--deployment", deployment, .. arguments])).ShouldExit(0);
            place.Output(deployment, "SmokeTest").GetProperty("checks").EnumerateArray().Last().GetProperty("detail").GetString().ShouldStartWith(detail);
            Load(place, deployment).ShouldBe((1, 1));
        }
    }

    [Theory]
    [InlineData("is a metric of vllm, and the server is tgi", "--server", "tgi", "--autoscale-on", "running")]
    [InlineData("is a metric of tgi, and the server is vllm", "--autoscale-on", "tgi-batch")]
    [InlineData("Give --server vllm", "--server", "tgi", "--base-image", "vllm/vllm-openai:v0.11.1")]
    [InlineData("Give --server tgi", "--base-image", "ghcr.io/huggingface/text-generation-inference:3.3.6")]
    [InlineData("openai, generate", "--server-api", "chat")]
    public async Task What_does_not_go_together_is_refused_before_anything_runs(string message, params string[] arguments)
    {
        await using var place = new Workplace();
        (await place.BuildAsync(["Verify", .. arguments])).ShouldExit(2).Output.ShouldContain(message);
        Directory.Exists(place.State).ShouldBeFalse();
    }

    private static (long Requests, double Success) Load(Workplace place, string deployment)
    {
        var report = place.Json(deployment, "load.json");
        return (report.GetProperty("requests").GetInt64(), report.GetProperty("success").GetDouble());
    }
}
