using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Tests.Hosting;

namespace Preheat.LocalCloud.Tests.Registry;

public sealed class BaseImageTests(CloudFixture fixture) : IClassFixture<CloudFixture>
{
    [Theory]
    [InlineData("vllm/vllm-openai:v0.11.1", "vllm serve")]
    [InlineData("docker.io/vllm/vllm-openai:v0.10.2", "python3 -m vllm.entrypoints.openai.api_server")]
    public void Holds_the_stand_in_of_vLLM_with_the_real_entrypoint(string reference, string entrypoint)
    {
        var image = fixture.Cloud.Images.Find(reference).ShouldNotBeNull();
        string.Join(' ', image.Config.Entrypoint).ShouldBe(entrypoint);
        image.Config.WorkingDirectory.ShouldBe("/vllm-workspace");
        image.Config.Env.ShouldContain("VLLM_USAGE_SOURCE=production-docker-image");
    }

    [Fact]
    public void Holds_the_stand_in_of_TGI_under_its_own_registrys_name()
    {
        var image = fixture.Cloud.Images.Find("ghcr.io/huggingface/text-generation-inference:3.3.6").ShouldNotBeNull();
        image.Config.Entrypoint.ShouldBe(["/tgi-entrypoint.sh"]);
        image.Config.Env.Intersect(["HF_HOME=/data", "PORT=80", "HF_HUB_ENABLE_HF_TRANSFER=1"]).Count().ShouldBe(3);
        fixture.Cloud.Images.Find("quay.io/huggingface/text-generation-inference:3.3.6").ShouldBeNull();
        fixture.Cloud.Images.Find("us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:20240910_0916_RC00").ShouldNotBeNull();
    }

    [Theory]
    [InlineData("ghcr.io/huggingface/text-generation-inference:3.3.6", "ghcr.io")]
    [InlineData("ghcr.io/huggingface/text-generation-inference", "ghcr.io")]
    [InlineData("ghcr.io/huggingface/text-generation-inference-cpu:3.3.6", null)]
    [InlineData("ghcr.io/acme/server:1", null)]
    [InlineData("vllm/vllm-openai:v0.11.1", null)]
    public void Other_registries_are_answered_for_by_image_only(string image, string? host) =>
        LocalCloud.StandInHosts(image).ShouldBe(host is null ? [] : [host]);

    [Fact]
    public async Task Layers_of_the_stand_in_unpack_to_a_root()
    {
        var image = fixture.Cloud.Images.Find("vllm/vllm-openai:v0.11.1")!;
        var names = new List<string>();
        foreach (var layer in image.Layers)
        {
            await using var gzip = new GZipStream(File.OpenRead(layer.Path), CompressionMode.Decompress);
            await using var tar = new TarReader(gzip);
            while (await tar.GetNextEntryAsync() is { } entry)
            {
                names.Add(entry.Name);
            }
        }

        names.ShouldContain("etc/os-release");
        names.ShouldContain("usr/local/lib/python3.12/dist-packages/vllm-0.11.1.dist-info/METADATA");
    }

    /// <summary>The value is the one of every machine: a change here is a change of the image.</summary>
    [Fact]
    public void The_stand_in_is_the_same_on_every_machine() =>
        fixture.Cloud.Images.Find("vllm/vllm-openai:v0.11.1")!.Digest.ShouldBe("sha256:62fe63a55b67c4b832740e210ce659f9f939cc9606fdb400a9eb4a323b763d65");

    [Fact]
    public async Task Skopeo_copies_an_image_out_and_back_in()
    {
        using var folder = new TemporaryFolder();
        var registry = fixture.Cloud.Endpoint.Registry.Authority;
        await SkopeoAsync("copy", "--src-tls-verify=false", $"docker://{registry}/vllm/vllm-openai:v0.11.1", $"oci:{folder["oci"]}:v1");
        await SkopeoAsync("copy", "--dest-tls-verify=false", $"oci:{folder["oci"]}:v1", $"docker://{registry}/p/r/copied:v1");
        await SkopeoAsync("copy", "--src-tls-verify=false", "--dest-tls-verify=false", $"docker://{registry}/p/r/copied:v1", $"docker://{registry}/p/r/mounted:v2");
        await SkopeoAsync("copy", "--src-tls-verify=false", $"docker://{registry}/p/r/mounted:v2", $"dir:{folder["dir"]}");

        var seen = JsonNode.Parse(await SkopeoAsync("inspect", "--tls-verify=false", $"docker://{registry}/p/r/mounted:v2"))!;
        ((string)seen["Digest"]!).ShouldBe(fixture.Cloud.Images.Find("local-docker.pkg.dev/p/r/mounted:v2")!.Digest);
        fixture.Cloud.Images.Find("local-docker.pkg.dev/p/r/mounted:v2")!.Config.Entrypoint.ShouldBe(["vllm", "serve"]);
    }

    private static async Task<string> SkopeoAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("skopeo", ["--insecure-policy", .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return output;
    }
}
