using System.Diagnostics;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Tests.Manifests;

public sealed class ManifestRendererTests : IDisposable
{
    private static readonly string[] VllmFiles = ["service.yaml", "deployment.yaml", "podmonitoring.yaml"];

    private readonly RenderingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("baked")]
    [InlineData("downloaded")]
    public void Renders_what_the_golden_files_say(string golden)
    {
        if (golden == "downloaded")
        {
            _fixture.Image = _fixture.Image with { ModelPath = null };
            _fixture.Deployment = _fixture.Deployment with { AcceleratorCount = 2, MaxModelLength = 4096, Platform = "kubernetes" };
            _fixture.Model = _fixture.Model with { WeightBytes = 18_500_000_000 };
        }
        Golden.Matches(golden, _fixture.Render(), _fixture.Output);
    }

    [Fact]
    public void Orders_the_files_as_they_are_applied() => _fixture.Render().Files.ShouldBe(VllmFiles);

    [Fact]
    public void Gives_the_same_digest_and_bytes_each_time_and_leaves_nothing_else()
    {
        var first = _fixture.Render();
        var text = _fixture.Read("deployment.yaml");
        File.WriteAllText(Path.Combine(_fixture.Output, "earlier.yaml"), "kind: Old\n");
        _fixture.Render().Digest.ShouldBe(first.Digest);
        _fixture.Read("deployment.yaml").ShouldBe(text);
        Directory.EnumerateFiles(_fixture.Output).Select(path => Path.GetFileName(path)).ShouldBe(VllmFiles, ignoreOrder: true);
    }

    [Fact]
    public void Gives_another_digest_for_another_image()
    {
        var first = _fixture.Render();
        _fixture.Image = _fixture.Image with { Reference = $"local-docker.pkg.dev/demo/models/tiny-gemma-2@sha256:{new string('9', 64)}" };
        _fixture.Render().Digest.ShouldNotBe(first.Digest);
    }

    [Fact]
    public void Keeps_names_that_look_like_numbers_strings_and_counts_numbers()
    {
        _fixture.Deployment = _fixture.Deployment with { Name = "x1e5", Accelerator = "123", MinReplicas = 3 };
        _fixture.Render();
        _fixture.Read("deployment.yaml").ShouldContain("cloud.google.com/gke-accelerator: \"123\"\n");
        _fixture.Read("deployment.yaml").ShouldContain("  replicas: 3\n");
        _fixture.Read("deployment.yaml").ShouldContain("cpu: \"6\"\n");
    }

    [Fact]
    public void Leaves_GKEs_own_kinds_out_of_other_clusters()
    {
        _fixture.Deployment = _fixture.Deployment with { Platform = "kubernetes" };
        _fixture.Render().Files.ShouldBe(["service.yaml", "deployment.yaml"]);
    }

    [Fact]
    public void Sizes_storage_and_time_limits_from_image_and_weights()
    {
        _fixture.Image = _fixture.Image with { Size = 28_000_000_000 };
        _fixture.Model = _fixture.Model with { WeightBytes = 18_500_000_000 };
        _fixture.Render();
        var text = _fixture.Read("deployment.yaml");
        text.ShouldContain("ephemeral-storage: 53Gi");
        text.ShouldContain("progressDeadlineSeconds: 2700");
        text.ShouldContain("failureThreshold: 194");
    }

    [Fact]
    public void Warns_of_a_variable_that_nothing_uses()
    {
        _fixture.Break("base/vllm/deployment.yaml", "nodeSelector:\n        cloud.google.com/gke-accelerator: ${ACCELERATOR}", "hostNetwork: false");
        _fixture.Render();
        _fixture.Events.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldContain("${ACCELERATOR}");
    }

    [Fact]
    public void Refuses_weights_that_a_pod_could_not_get()
    {
        _fixture.Deployment = _fixture.Deployment with { Model = Preheat.Models.ModelReference.Parse("file:///data/model") };
        _fixture.Image = _fixture.Image with { ModelPath = null };
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("file:///data/model");
    }

    [Fact]
    public void Loads_what_it_wrote_and_refuses_what_was_changed_since()
    {
        var set = _fixture.Render();
        ManifestFolder.Load(set, _fixture.Output).Select(value => value.Title).ShouldBe(["Service/gemma", "Deployment/gemma", "PodMonitoring/gemma"]);
        File.AppendAllText(Path.Combine(_fixture.Output, "service.yaml"), "# by hand\n");
        Should.Throw<UserException>(() => ManifestFolder.Load(set, _fixture.Output)).Message.ShouldContain("RenderManifests");
        File.Delete(Path.Combine(_fixture.Output, "service.yaml"));
        Should.Throw<UserException>(() => ManifestFolder.Load(set, _fixture.Output)).Message.ShouldContain("is missing");
    }

    [Fact]
    public void Passes_yamllint_before_and_after_rendering()
    {
        _fixture.Render();
        var start = new ProcessStartInfo("yamllint", ["--strict", "-d", "{extends: default, rules: {line-length: disable}}", RenderingFixture.SourceFolder, _fixture.Output]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var lint = Process.Start(start)!;
        var output = lint.StandardOutput.ReadToEnd();
        lint.WaitForExit();
        lint.ExitCode.ShouldBe(0, output);
    }
}
