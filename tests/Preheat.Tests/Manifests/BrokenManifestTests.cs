namespace Preheat.Tests.Manifests;

/// <summary>Each mistake is told with its file and line, and nothing is written.</summary>
public sealed class BrokenManifestTests : IDisposable
{
    private readonly RenderingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("base/vllm/deployment.yaml", "${REPLICAS}", "${REPLICS}", "the variable ${REPLICS} is unknown")]
    [InlineData("base/vllm/deployment.yaml", "${REPLICAS}", "${replicas}", "is no variable")]
    [InlineData("base/vllm/deployment.yaml", "kind: Deployment", "sort: Deployment", "lacks kind")]
    [InlineData("base/vllm/deployment.yaml", "image: ${IMAGE}", "image: vllm/vllm-openai:latest", "not pinned to a digest")]
    [InlineData("base/vllm/deployment.yaml", "app: ${DEPLOYMENT}\n    ai.gke", "app: no blanks\n    ai.gke", "is no label value")]
    [InlineData("base/vllm/deployment.yaml", "app: ${DEPLOYMENT}\n    ai.gke", "app: 12\n    ai.gke", "must be a string, not a number")]
    [InlineData("base/vllm/deployment.yaml", "ai.gke.io/model", "-ai.gke.io/model", "is no label key")]
    [InlineData("base/vllm/deployment.yaml", "enableServiceLinks: false", "enableServiceLinks: no", "Kubernetes reads a plain no as")]
    [InlineData("base/vllm/deployment.yaml", "maxSurge: 1", "maxSurge: &surge 1", "anchors and aliases")]
    [InlineData("base/vllm/deployment.yaml", "maxSurge: 1", "maxSurge: !!int 1", "the tag")]
    [InlineData("base/vllm/deployment.yaml", "maxUnavailable: 0", "maxSurge: 0", "a second time")]
    [InlineData("base/vllm/deployment.yaml", "maxUnavailable: 0", "maxUnavailable: [0", "not YAML")]
    [InlineData("base/vllm/deployment.yaml", "app: ${DEPLOYMENT}\n  template", "app: other\n  template", "does not match the labels of its own template")]
    [InlineData("base/vllm/deployment.yaml", "- name: inference-server", "- name: Inference_Server", "a container needs a name")]
    [InlineData("base/vllm/service.yaml", "app: ${DEPLOYMENT}\n  ports", "app: other\n  ports", "matches the pods of no workload")]
    [InlineData("base/vllm/service.yaml", "targetPort: http", "targetPort: grpc", "has the port grpc")]
    [InlineData("base/vllm/service.yaml", "namespace: ${NAMESPACE}", "namespace: other", "is in namespace other")]
    [InlineData("base/vllm/service.yaml", "name: ${DEPLOYMENT}", "name: Gemma", "cannot name a Service")]
    [InlineData("components/monitoring/kustomization.yaml", "resources:", "configMaps:", "'configMaps' is not read here")]
    [InlineData("components/monitoring/kustomization.yaml", "- podmonitoring.yaml", "- ../podmonitoring.yaml", "a file of the same folder")]
    public void Tells_file_and_line(string file, string text, string replacement, string message)
    {
        var line = _fixture.Break(file, text, replacement);
        var error = Should.Throw<UserException>(() => _fixture.Render());
        error.Message.ShouldContain(message);
        error.Message.ShouldContain($"manifests/{file}:");
        // A mapping's own problem may stand where the mapping begins.
        var told = error.Message.Split('\n').First(part => part.Contains(message, StringComparison.Ordinal));
        int.Parse(told.Split($"manifests/{file}:")[1].Split(':')[0], System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(line - 1, line + 1);
        Directory.Exists(_fixture.Output).ShouldBeFalse();
    }

    [Fact]
    public void Refuses_GPU_requests_that_differ_from_the_limits()
    {
        _fixture.Break("base/vllm/deployment.yaml", "nvidia.com/gpu: ${ACCELERATOR_COUNT}", "nvidia.com/gpu: 2");
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("nvidia.com/gpu is requested as 2 and limited to 1");
    }

    [Theory]
    [InlineData("- op: add", "- op: merge", "'merge' is not known")]
    [InlineData("containers/0/args/-", "containers/1/args/-", "stopped at '1'")]
    [InlineData("containers/0/args/-", "containers/0/argz/-", "stopped at 'argz'")]
    [InlineData("  value: --max-model-len=${MAX_MODEL_LEN}\n", "", "needs a value")]
    public void Refuses_a_patch_that_fits_nothing(string text, string replacement, string message)
    {
        _fixture.Deployment = _fixture.Deployment with { MaxModelLength = 4096 };
        _fixture.Break("components/max-model-len/arguments.yaml", text, replacement);
        var error = Should.Throw<UserException>(() => _fixture.Render());
        error.Message.ShouldContain(message);
        error.Message.ShouldContain("manifests/components/max-model-len/arguments.yaml:");
    }

    [Fact]
    public void Lists_all_mistakes_together()
    {
        _fixture.Break("base/vllm/deployment.yaml", "image: ${IMAGE}", "image: vllm:latest");
        _fixture.Break("base/vllm/service.yaml", "targetPort: http", "targetPort: 9000");
        var message = Should.Throw<UserException>(() => _fixture.Render()).Message;
        message.ShouldContain("not pinned");
        message.ShouldContain("has the port 9000");
    }

    [Fact]
    public void Names_the_file_that_is_missing()
    {
        File.Delete(Path.Combine(_fixture.ManifestsRoot, "base/vllm/service.yaml"));
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("manifests/base/vllm/service.yaml is missing");
    }

    [Fact]
    public void Refuses_an_output_folder_that_cannot_be_written()
    {
        File.WriteAllText(_fixture.Output, "a file is in the way");
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("cannot be written");
    }
}
