using System.Net;
using System.Net.Sockets;

namespace Preheat.EndToEnd.Tests;

/// <summary>Bad input: one clear message, exit code 2, nothing half done.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("Deplyo", "Deploy", "Deplyo")]
    [InlineData("--model", "--modle", "Deploy --modle hf://preheat/tiny-gemma-2")]
    [InlineData("--accelerator-count", "many", "Deploy --accelerator-count many")]
    [InlineData("--load-rate", "fast", "LoadTest --load-rate fast")]
    [InlineData("--time-scale", "quick", "Deploy --time-scale quick")]
    [InlineData("hf://org/name", "gemma", "ResolveModel --model gemma")]
    [InlineData("preheat/no-such-model", "preheat/no-such-model", "ResolveModel --model hf://preheat/no-such-model")]
    [InlineData("no-such-revision", "tiny-gemma-2", "ResolveModel --model hf://preheat/tiny-gemma-2@no-such-revision")]
    [InlineData("/no/such/folder", "/no/such/folder", "ResolveModel --model file:///no/such/folder")]
    [InlineData("--layer-compression: 'lz4'", "none, gzip, zstd", "BakeImage --layer-compression lz4")]
    [InlineData("--image-output: 'tar'", "--image-builder: 'podman'", "Deploy --image-output tar --image-builder podman")]
    [InlineData("--image-output oci-layout", "--weights baked", "BakeImage --image-output oci-layout --weights hub")]
    [InlineData("--objective", "speed", "LoadTest --objective speed>=1")]
    [InlineData("missing-targets.txt", "missing-targets.txt", "LoadTest --load-targets /missing-targets.txt")]
    public async Task Is_named_with_what_is_allowed(string first, string second, string arguments)
    {
        await using var place = new Workplace();
        var result = (await place.BuildAsync(arguments.Split(' '))).ShouldExit(2);
        result.Output.ShouldContain(first);
        result.Output.ShouldContain(second);
        ShouldBeKind(result);
        if (Directory.Exists(place.Artifacts))
            Directory.EnumerateFiles(place.Artifacts, "BakeImage.json", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Deploy")]
    [InlineData("--plan Deploy")]
    public async Task All_wrong_values_are_told_in_one_round(string asked)
    {
        await using var place = new Workplace();
        var result = (await place.BuildAsync([.. asked.Split(' '), "--cloud", "x", "--weights", "foo", "--accelerator-count", "many", "--region", "X_Y"])).ShouldExit(2);
        foreach (var option in new[] { "--cloud", "--weights", "--accelerator-count", "--region" })
            result.Output.ShouldContain(option);
        ShouldBeKind(result);
    }

    [Theory]
    [InlineData("cut short")]
    [InlineData("lying header")]
    [InlineData("missing shard")]
    [InlineData("no config")]
    public async Task A_damaged_model_is_refused_before_anything_is_baked(string damage)
    {
        await using var place = new Workplace();
        var model = ModelFolder.Write(place.In("broken"));
        var shard = Path.Combine(model, "model-00001-of-00002.safetensors");
        switch (damage)
        {
            case "cut short":
                using (var file = File.OpenWrite(shard))
                    file.SetLength(file.Length - 100);
                break;
            case "lying header":
                using (var file = File.OpenWrite(shard))
                    file.Write(BitConverter.GetBytes(long.MaxValue));
                break;
            case "missing shard":
                File.Delete(shard);
                break;
            default:
                File.Delete(Path.Combine(model, "config.json"));
                break;
        }
        var result = (await place.BuildAsync("BakeImage", "--model", "file://" + model)).ShouldExit(2);
        result.Output.ShouldContain(damage == "no config" ? "config.json" : "model-00001-of-00002.safetensors");
        ShouldBeKind(result);
        File.Exists(Path.Combine(place.Artifacts, "broken", "BakeImage.json")).ShouldBeFalse();
    }

    [Fact]
    public async Task An_artifacts_folder_that_cannot_be_written_is_named_before_a_cloud_is_started()
    {
        await using var place = new Workplace();
        File.WriteAllText(place.Artifacts, "a file stands where the folder should be");
        var result = (await place.BuildAsync("ResolveModel")).ShouldExit(2);
        result.Output.ShouldContain(place.Artifacts);
        result.Output.ShouldContain("--artifacts-directory");
        ShouldBeKind(result);
        File.Exists(Path.Combine(place.State, "endpoint.json")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_taken_port_is_named()
    {
        await using var place = new Workplace();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var result = (await place.BuildAsync("ResolveModel", "--local-cloud-port", port.ToString())).ShouldExit(2);
        result.Output.ShouldContain(port.ToString());
        result.Output.ShouldContain("--local-cloud-port");
        ShouldBeKind(result);
    }

    [Fact]
    public async Task A_missing_base_image_is_named()
    {
        await using var place = new Workplace();
        var result = (await place.BuildAsync("BakeImage", "--base-image", "vllm/vllm-openai:v0.0.0")).ShouldExit(2);
        result.Output.ShouldContain("vllm/vllm-openai");
        ShouldBeKind(result);
    }

    private static void ShouldBeKind(BuildResult result)
    {
        result.Output.ShouldNotContain("   at ", Case.Sensitive, "a stack trace is no message");
        result.Output.ShouldNotContain("Unhandled");
    }
}
