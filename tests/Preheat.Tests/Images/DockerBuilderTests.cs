using System.Runtime.Versioning;
using Preheat.Images;
using Preheat.Models;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>
/// <c>--image-builder docker</c>. These machines have no Docker engine: a script stands for docker, writes down how it was called, and pushes with skopeo
/// what a built image would be. What is tested is the call, the metadata, the record and the errors, not docker itself.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class DockerBuilderTests(DebianRegistry registry) : IClassFixture<DebianRegistry>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Builds_with_the_directory_as_the_stage_and_records_what_was_pushed()
    {
        Docker($$"""
            printf '%s\n' "$@" > {{_folder["arguments"]}}
            while [ $# -gt 1 ]; do case "$1" in --metadata-file) meta=$2;; --tag) tag=$2;; esac; shift; done
            skopeo copy --src-tls-verify=false --dest-tls-verify=false docker://{{registry.Address}}/acme/server:1 docker://$tag >&2 || exit 1
            digest=$(skopeo inspect --tls-verify=false --format '{{"{{.Digest}}"}}' docker://$tag)
            echo "{\"containerimage.digest\": \"$digest\"}" > $meta
            """);
        var image = await BuildAsync(null);

        var arguments = await File.ReadAllLinesAsync(_folder["arguments"]);
        arguments[..2].ShouldBe(["buildx", "build"]);
        After(arguments, "--file").ShouldBe(Recipe.Path);
        After(arguments, "--platform").ShouldBe("linux/amd64");
        After(arguments, "--build-context").ShouldBe($"weights={_folder["model"]}");
        After(arguments, "--tag").ShouldBe($"{registry.Address}/p/r/docker:v1");
        arguments.ShouldContain("--push");
        arguments.ShouldContain("MODEL_NAME=model");
        arguments.Single(word => word.StartsWith("BASE_IMAGE=", StringComparison.Ordinal)).ShouldStartWith($"BASE_IMAGE={registry.Address}/acme/server@sha256:");
        arguments.ShouldNotContain("--secret");
        arguments[^1].ShouldBe(Path.GetDirectoryName(Recipe.Path));
        image.Reference.ShouldBe($"local-docker.pkg.dev/p/r/docker@{image.Digest}");
        (image.ModelPath, image.Layers, image.Region).ShouldBe(("/models/model", 2, "local"));
        (await ServingImages.ExistsAsync(image, registry.Endpoints, TimeProvider.System, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_token_goes_through_the_environment_and_is_shown_nowhere()
    {
        Docker($$"""
            printf '%s\n' "$@" > {{_folder["arguments"]}}
            echo "token $HF_TOKEN seen"
            exit 7
            """);
        var error = await Should.ThrowAsync<PreheatException>(() => BuildAsync(new Secret("hf_abc")));
        error.ShouldNotBeOfType<UserException>();
        error.Message.ShouldContain("exit code 7");
        error.Message.ShouldContain("token *** seen");
        var arguments = await File.ReadAllLinesAsync(_folder["arguments"]);
        After(arguments, "--secret").ShouldBe("id=HF_TOKEN,env=HF_TOKEN");
        string.Join(' ', arguments).ShouldNotContain("hf_abc");
        string.Join(' ', _events.All).ShouldNotContain("hf_abc");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"containerimage.digest":"sha256:abc"}""")]
    public async Task Metadata_without_a_digest_are_told(string metadata)
    {
        Docker($$"""
            while [ $# -gt 1 ]; do [ "$1" = --metadata-file ] && echo '{{metadata}}' > $2; shift; done
            """);
        (await Should.ThrowAsync<PreheatException>(() => BuildAsync(null))).Message.ShouldContain("no containerimage.digest");
    }

    [Fact]
    public async Task A_missing_docker_is_the_users_to_mend()
    {
        var error = await Should.ThrowAsync<UserException>(() => BuildAsync(null));
        error.Data["exit"].ShouldBe(2);
        error.Message.ShouldContain("--image-builder docker needs the program docker");
    }

    [Theory]
    [InlineData("unknown flag: --file", "needs docker's plugin buildx")]
    [InlineData("docker: unknown command: docker buildx", "needs docker's plugin buildx")]
    [InlineData("ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "cannot reach docker's daemon: ERROR: Cannot connect")]
    [InlineData("permission denied while trying to connect to the Docker daemon socket", "cannot reach docker's daemon: permission denied")]
    public async Task A_docker_without_buildx_or_without_a_daemon_is_the_users_to_mend(string says, string told)
    {
        Docker($"echo \"{says}\" >&2; exit 125");
        var error = await Should.ThrowAsync<UserException>(() => BuildAsync(null));
        error.Message.ShouldContain(told);
        error.Message.ShouldEndWith("leave --image-builder out: the built-in builder needs no docker.");
    }

    [Fact]
    public async Task A_build_that_fails_is_no_ones_fault_beforehand()
    {
        Docker("echo 'ERROR: process /bin/sh did not complete' >&2; exit 1");
        var error = await Should.ThrowAsync<PreheatException>(() => BuildAsync(null));
        error.ShouldNotBeOfType<UserException>();
        error.Message.ShouldContain("ended with exit code 1");
    }

    private static string After(string[] arguments, string name) => arguments[Array.IndexOf(arguments, name) + 1];

    private void Docker(string script)
    {
        var path = _folder["docker"];
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<ServingImage> BuildAsync(Secret? token)
    {
        SampleModel.Write(_folder["model"]);
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"file://{_folder["model"]}"), registry.Endpoints, null, _events, TimeProvider.System, default);
        using var source = ModelSources.Open(snapshot, registry.Endpoints, null, TimeProvider.System);
        return await DockerBuilder.BuildAsync(
            _folder["docker"],
            new BakeRequest
            {
                Model = snapshot,
                Source = source,
                BaseImage = DebianRegistry.BaseImage,
                DockerfilePath = Recipe.Path,
                Repository = "local-docker.pkg.dev/p/r/docker",
                Tag = "v1",
                Region = "local",
            },
            token,
            registry.Endpoints,
            _events,
            TimeProvider.System,
            default);
    }
}
