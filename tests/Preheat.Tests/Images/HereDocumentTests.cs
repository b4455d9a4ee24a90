using System.Text.Json.Nodes;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Files that a recipe writes itself, looked at after umoci has unpacked the image.</summary>
public sealed class HereDocumentTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Lie_above_the_models_own_files_with_the_mode_asked_for()
    {
        await File.WriteAllTextAsync(_folder["Dockerfile"], """
            ARG BASE_IMAGE
            FROM scratch AS weights
            FROM ${BASE_IMAGE}
            ARG MODEL_NAME=model
            COPY --from=weights / /models/${MODEL_NAME}
            COPY <<EOF /models/${MODEL_NAME}/config.json
            {"architectures":["Changed"],"name":"${MODEL_NAME}"}
            EOF
            COPY --chmod=0755 <<'EOF' /srv/app/start
            #!/bin/sh
            exec "$@"
            EOF

            """);
        var image = await SampleBake.RunAsync(registry, _folder, new RecordedEvents(), "texts", request => request with { DockerfilePath = _folder["Dockerfile"], LayoutDirectory = _folder["image"] });
        await DebianTool.RunAsync("umoci", "unpack", "--rootless", "--image", $"{_folder["image"]}:v1", _folder["bundle"]);

        (await File.ReadAllTextAsync(_folder["bundle/rootfs/models/model/config.json"])).ShouldBe("{\"architectures\":[\"Changed\"],\"name\":\"model\"}\n");
        (await File.ReadAllTextAsync(_folder["bundle/rootfs/srv/app/start"])).ShouldBe("#!/bin/sh\nexec \"$@\"\n");
        (await DebianTool.RunAsync("stat", "-c", "%a", _folder["bundle/rootfs/srv/app/start"])).Trim().ShouldBe("755");
        var config = JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", "--config", $"oci:{_folder["image"]}:v1"))!;
        config["rootfs"]!["diff_ids"]!.AsArray().Count.ShouldBe(image.Layers);
        config["history"]!.AsArray().Count(entry => entry!["empty_layer"]?.GetValue<bool>() != true).ShouldBe(image.Layers);
    }
}
