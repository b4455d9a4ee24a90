using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.Images;
using Preheat.Models;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>The same Dockerfile built by Debian's buildah and by the built-in builder: the same config and the same tree (content, mode, owner).</summary>
public sealed class RecipePeerTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private const string Rich = """
        # escape=`
        ARG BASE_IMAGE
        ARG PORT=8000
        FROM scratch AS weights
        FROM ${BASE_IMAGE}
        ARG MODEL_NAME=model
        ARG PORT
        ARG UID=1000
        ENV A=1 B="two words" C='$A' `
            # a comment inside
            D=${A:-unset}
        ENV A=${A}${NO:-d}${B:+w} OLD=$CUDA PATH=/opt/server/bin:$PATH
        LABEL "a b"=c quoted='x="y"' model=${MODEL_NAME}
        WORKDIR /srv/app
        WORKDIR data
        COPY --from=weights --chown=${UID}:2000 --chmod=0750 / /data/models/${MODEL_NAME}
        EXPOSE $PORT 9000/udp
        VOLUME /cache
        USER 1000:2000
        STOPSIGNAL SIGTERM
        ENTRYPOINT ["vllm", "serve"]
        CMD ["/data/models/x", "--port", "$PORT"]
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Dockerfile.vllm")]
    [InlineData("Dockerfile.tgi")]
    public Task The_repositorys_recipes_give_what_buildah_gives(string name) => CompareAsync(name, Recipe.Find(name));

    [Fact]
    public async Task Every_instruction_gives_what_buildah_gives()
    {
        await File.WriteAllTextAsync(_folder["Dockerfile.rich"], Rich);
        await CompareAsync("rich", _folder["Dockerfile.rich"]);
    }

    [Fact]
    public async Task A_relative_place_and_inherited_commands_give_what_buildah_gives()
    {
        await File.WriteAllTextAsync(_folder["Dockerfile.small"], "ARG BASE_IMAGE\nFROM scratch AS weights\nFROM $BASE_IMAGE\nCMD [\"--a\"]\nWORKDIR /w\nWORKDIR ../up/./x\nCOPY --from=weights . ../m/\nENTRYPOINT exec vllm serve \"$CUDA\"\n");
        await CompareAsync("small", _folder["Dockerfile.small"]);
    }

    private async Task CompareAsync(string name, string dockerfile)
    {
        name = name.ToLowerInvariant();
        var files = SampleModel.Files();
        foreach (var path in files.Keys.Except(SampleModel.Needed).ToList())
            files.Remove(path);
        SampleModel.Write(_folder["model"], files);
        var arguments = new Dictionary<string, string>
        {
            ["MODEL_ID"] = "acme/tiny", ["MODEL_NAME"] = "tiny", ["MODEL_REVISION"] = "r1", ["MODEL_LICENSE"] = "apache-2.0", ["MODEL_PARAMETERS"] = "7", ["MODEL_DTYPE"] = "bfloat16",
        };
        await BakeAsync(name, dockerfile, arguments);
        await BuildahAsync(name, dockerfile, arguments);

        var ours = await ConfigAsync($"p/r/ours-{name}");
        var theirs = await ConfigAsync($"p/r/buildah-{name}");
        foreach (var field in new[] { "Env", "Labels", "Entrypoint", "Cmd", "WorkingDir", "User", "ExposedPorts", "Volumes", "StopSignal" })
            Canonical(ours[field]).ShouldBe(Canonical(theirs[field]), field);
        var tree = await TreeAsync($"p/r/ours-{name}");
        tree.ShouldBe(await TreeAsync($"p/r/buildah-{name}"));
        tree.Count(line => line.Contains("model-0000", StringComparison.Ordinal)).ShouldBe(2);
    }

    private async Task BakeAsync(string name, string dockerfile, Dictionary<string, string> arguments)
    {
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"file://{_folder["model"]}"), registry.Endpoints, null, new RecordedEvents(), TimeProvider.System, default);
        using var source = ModelSources.Open(snapshot, registry.Endpoints, null, TimeProvider.System);
        await Baker.BakeAsync(
            new BakeRequest
            {
                Model = snapshot,
                Source = source,
                BaseImage = DebianRegistry.BaseImage,
                DockerfilePath = dockerfile,
                BuildArguments = arguments,
                Repository = $"local-docker.pkg.dev/p/r/ours-{name}",
                Tag = "1",
                Region = "local",
            },
            registry.Endpoints,
            new RecordedEvents(),
            TimeProvider.System,
            default);
    }

    private async Task BuildahAsync(string name, string dockerfile, Dictionary<string, string> arguments)
    {
        Directory.CreateDirectory(_folder["context"]);
        string[] storage = ["--storage-driver", "vfs", "--root", _folder["root"], "--runroot", _folder["run"]];
        await DebianTool.RunAsync("buildah", [
            .. storage, "bud", "--isolation", "chroot", "--tls-verify=false", "--build-context", $"weights={_folder["model"]}",
            "--build-arg", $"BASE_IMAGE={registry.Address}/{DebianRegistry.BaseImage}", .. arguments.SelectMany(pair => new[] { "--build-arg", $"{pair.Key}={pair.Value}" }),
            "-f", dockerfile, "-t", name, _folder["context"]]);
        await DebianTool.RunAsync("buildah", [.. storage, "push", "--tls-verify=false", name, $"docker://{registry.Address}/p/r/buildah-{name}:1"]);
    }

    private async Task<JsonObject> ConfigAsync(string repository)
    {
        var config = JsonNode.Parse(await DebianTool.RunAsync("skopeo", "inspect", "--config", "--tls-verify=false", $"docker://{registry.Address}/{repository}:1"))!["config"]!.AsObject();
        (config["Labels"] as JsonObject)?.Remove("io.buildah.version");
        // buildah moves a variable that is set again to the end; docker, and we, leave it where it stands. The order means nothing.
        config["Env"] = new JsonArray([.. config["Env"]!.AsArray().Select(item => item!.GetValue<string>()).Order(StringComparer.Ordinal).Select(item => JsonValue.Create(item))]);
        return config;
    }

    /// <summary>One line for each entry: path, kind, mode, owner, hash of the content.</summary>
    private async Task<List<string>> TreeAsync(string repository)
    {
        var folder = _folder[repository.Replace('/', '-')];
        await DebianTool.RunAsync("skopeo", "copy", "--src-tls-verify=false", $"docker://{registry.Address}/{repository}:1", $"oci:{folder}-layout:t");
        // As root, so that owners are real.
        await DebianTool.RunAsync("umoci", "unpack", "--image", $"{folder}-layout:t", folder);
        var listing = await DebianTool.RunAsync("find", $"{folder}/rootfs", "-printf", "%P|%y|%m|%U:%G\n");
        return [.. listing.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
            .Select(line => line.Split('|'))
            .Select(entry => $"{string.Join(' ', entry)} {(entry[1] == "f" ? Hash($"{folder}/rootfs/{entry[0]}") : "")}")];
    }

    private static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))[..12];

    private static string Canonical(JsonNode? node) => node switch
    {
        null => "",
        JsonObject { Count: 0 } or JsonArray { Count: 0 } => "",
        JsonObject map => string.Join('\n', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value?.ToJsonString()}")),
        _ => node.ToJsonString(),
    };
}
