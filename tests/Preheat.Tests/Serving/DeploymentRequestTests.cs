using Preheat.Serving;

namespace Preheat.Tests.Serving;

public sealed class DeploymentRequestTests
{
    private readonly List<string> _warnings = [];
    private readonly Dictionary<string, string> _environment = [];

    private ParameterReader Reader() => new(_environment.GetValueOrDefault, _warnings.Add);

    private Deployment Validate(DeploymentRequest request) => request.Validate(Reader());

    [Fact]
    public void Has_a_default_for_everything()
    {
        var deployment = Validate(new DeploymentRequest());
        deployment.Name.ShouldBe("tiny-gemma-2");
        deployment.Model.ToString().ShouldBe("hf://preheat/tiny-gemma-2");
        deployment.RegistryHost.ShouldBe("local-docker.pkg.dev");
    }

    [Theory]
    [InlineData("file:///srv/My Model_v2.1", "my-model-v2-1")]
    [InlineData("hf://org/7B", "m-7b")]
    [InlineData("file:///root/.cache/huggingface/hub/models--google--gemma-2-2b-it/snapshots/299a8560bedf22ed1c72a8a11e7dce4a7f9f51f8/", "gemma-2-2b-it")]
    [InlineData("hf://org/a-very-long-name-that-goes-on-and-on-and-on-until-it-is-cut", "a-very-long-name-that-goes-on-and-on-and")]
    public void Names_the_deployment_after_the_model(string model, string name) =>
        Validate(new DeploymentRequest { Model = model }).Name.ShouldBe(name);

    [Theory]
    [InlineData(null, "local-docker.pkg.dev/preheat-local/preheat/tiny-gemma-2")]
    [InlineData("models", "local-docker.pkg.dev/preheat-local/models/tiny-gemma-2")]
    [InlineData("ghcr.io/org/models", "ghcr.io/org/models/tiny-gemma-2")]
    [InlineData("localhost:5000/m", "localhost:5000/m/tiny-gemma-2")]
    [InlineData("europe-west4-docker.pkg.dev/my-project/models", "europe-west4-docker.pkg.dev/my-project/models/tiny-gemma-2")]
    [InlineData("docker.io/org", "docker.io/org/tiny-gemma-2")]
    public void Names_the_image_after_repository_and_deployment(string? repository, string image) =>
        Validate(new DeploymentRequest { Repository = repository }).ImageName.ShouldBe(image);

    [Theory]
    [InlineData("org/models")]
    [InlineData("ghcr.io/org:latest")]
    [InlineData("https://ghcr.io/org")]
    [InlineData("ghcr.io/Org")]
    [InlineData("ghcr.io/")]
    [InlineData("My_Models")]
    public void Refuses_what_is_no_repository(string repository) =>
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Repository = repository })).Message.ShouldContain($"--repository '{repository}' is not allowed");

    [Fact]
    public void Another_cluster_needs_a_registry_that_it_reaches()
    {
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { KubeContext = "prod" })).Message.ShouldContain("--repository HOST[:PORT]/PATH");
        Validate(new DeploymentRequest { KubeContext = "prod", Repository = "ghcr.io/org/models" }).KubeContext.ShouldBe("prod");
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { KubeContext = "prod", Repository = "ghcr.io/org/models", Weights = "hub" })).Message.ShouldContain("does not reach the embedded hub");
    }

    [Fact]
    public void Takes_optional_features_once_and_in_one_order()
    {
        Validate(new DeploymentRequest { Features = ["Zone-Spread", "network-policy", "zone-spread"] }).Features.ShouldBe(["network-policy", "zone-spread"]);
        Validate(new DeploymentRequest { Features = [""] }).Features.ShouldBeEmpty();
    }

    [Fact]
    public void Scales_through_KEDA_on_any_cluster_that_has_a_Prometheus()
    {
        var deployment = Validate(new DeploymentRequest { Platform = "kubernetes", AutoscaleThrough = "keda", Prometheus = "http://prometheus.monitoring:9090/" });
        (deployment.AutoscaleOn, deployment.AutoscaleTarget, deployment.Prometheus).ShouldBe(("running", 10, "http://prometheus.monitoring:9090"));
    }

    public static TheoryData<DeploymentRequest, string> Misfits => new()
    {
        { new() { Features = ["network-polizy"] }, "--features 'network-polizy' is not allowed. Give one of compute-class, network-policy, zone-spread" },
        { new() { Platform = "kubernetes", Features = ["compute-class"] }, "--features compute-class is for --platform gke" },
        { new() { Platform = "kubernetes", Features = ["network-policy"] }, "--features network-policy is for --platform gke" },
        { new() { Features = ["network-policy"], AutoscaleThrough = "keda", Prometheus = "http://prometheus.monitoring:9090" }, "lets in GKE's own collectors" },
        { new() { Server = "tgi", CompileCache = "compiled" }, "--compile-cache keeps what vLLM compiles" },
        { new() { CompileCache = "Compiled_Things" }, "--compile-cache 'Compiled_Things' is not allowed" },
        { new() { AutoscaleThrough = "native", AutoscaleOn = "dcgm" }, "comes through the adapter only. Use --autoscale-through adapter, or a metric of the server: running, waiting, kv-cache." },
        { new() { AutoscaleThrough = "native", Prometheus = "http://p:9090" }, "--prometheus is for --autoscale-through keda" },
        { new() { AutoscaleThrough = "keda", Prometheus = "http://user:word@p:9090" }, "is not allowed. Give the address of a Prometheus server" },
        { new() { AutoscaleThrough = "keda", Prometheus = "p:9090" }, "is not allowed. Give the address of a Prometheus server" },
        { new() { Platform = "kubernetes", AutoscaleThrough = "keda" }, "Give --prometheus http://HOST:PORT" },
        { new() { Platform = "kubernetes", AutoscaleOn = "running" }, "use --autoscale-through keda --prometheus http://HOST:PORT" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void Says_what_does_not_go_together(DeploymentRequest request, string message) =>
        Should.Throw<UserException>(() => Validate(request)).Message.ShouldContain(message);

    [Fact]
    public void Lists_all_errors_together_each_with_its_parameter_and_value()
    {
        var error = Should.Throw<UserException>(() => Validate(new DeploymentRequest
        {
            Cloud = "azure", Model = "gemma", MinReplicas = 0, Namespace = "Not_A_Label", Name = "-x",
        }));
        foreach (var part in new[] { "5 values", "--cloud 'azure'", "--model 'gemma'", "--min-replicas '0'", "--namespace 'Not_A_Label'", "--deployment '-x'" })
            error.Message.ShouldContain(part);
        error.ExitCode.ShouldBe(2);
    }

    [Theory]
    [InlineData("volume", "--weights volume comes with a later version")]
    [InlineData("none", "--weights 'none' is not allowed")]
    public void Says_which_ways_of_delivery_there_are(string weights, string message)
    {
        Validate(new DeploymentRequest()).Weights.ShouldBe("baked");
        Validate(new DeploymentRequest { Weights = "HUB" }).Weights.ShouldBe("hub");
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Weights = weights })).Message.ShouldContain(message);
    }

    [Fact]
    public void A_server_downloads_from_the_hub_only_and_what_it_wants()
    {
        var error = Should.Throw<UserException>(() => Validate(new DeploymentRequest { Weights = "hub", Model = "file:///srv/model", ModelExclude = ["*.md"] }));
        error.Message.ShouldContain("--weights hub needs a model of the hub");
        error.Message.ShouldContain("--model-include and --model-exclude");
    }

    [Fact]
    public void Reads_the_choice_of_files_and_how_they_are_verified()
    {
        var resolve = Validate(new DeploymentRequest { ModelInclude = ["b", "a", " ", "a"], VerifyModel = "full" }).Resolve;
        resolve.Filter.Include.ShouldBe(["a", "b"]);
        resolve.VerifyContent.ShouldBeTrue();
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { ModelExclude = ["../x"], VerifyModel = "some" })).Message.ShouldContain("2 values are wrong");
    }

    [Fact]
    public void Ignores_environment_variables_that_merely_have_the_name()
    {
        _environment["PLATFORM"] = "x64";
        _environment["MODEL"] = "Latitude 7440";
        _environment["NAMESPACE"] = "My::Space";
        _environment["BASEIMAGE"] = "C:\\pictures";
        var deployment = Validate(new DeploymentRequest { Platform = "x64", Model = "Latitude 7440", Namespace = "My::Space", BaseImage = "C:\\pictures" });
        (deployment.Platform, $"{deployment.Model}", deployment.Namespace, deployment.BaseImage).ShouldBe(("gke", "hf://preheat/tiny-gemma-2", "default", "vllm/vllm-openai:v0.11.1"));
        _warnings.Count.ShouldBe(4);
        _warnings[0].ShouldBe("Ignored PLATFORM in the environment: 'x64' is not allowed for --platform. If it is meant for it, give one of gke, kubernetes, cloud-run in NUKE_PLATFORM.");
    }

    [Fact]
    public void An_error_names_the_variable_that_the_value_is_from()
    {
        _environment["NUKE_NAMESPACE"] = "My::Space";
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Namespace = "My::Space" })).Message.ShouldStartWith("--namespace 'My::Space' (from NUKE_NAMESPACE) is not allowed.");
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Namespace = "Other::One" })).Message.ShouldStartWith("--namespace 'Other::One' is not allowed.");
        _warnings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("google/gemma-2-2b-it", "hf://google/gemma-2-2b-it")]
    [InlineData("/srv/models/mine", "file:///srv/models/mine")]
    public void Offers_the_scheme_that_a_model_lacks(string model, string likely) =>
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Model = model })).Message.ShouldEndWith($"for example {likely}.");

    [Fact]
    public void Each_server_has_its_image()
    {
        var tgi = Validate(new DeploymentRequest { Server = "tgi" });
        (tgi.Server, tgi.BaseImage, tgi.ServerApi).ShouldBe(("tgi", "ghcr.io/huggingface/text-generation-inference:3.3.6", "openai"));
        Validate(new DeploymentRequest { Server = "tgi", BaseImage = "registry.example/mirror/server:1" }).BaseImage.ShouldBe("registry.example/mirror/server:1");
    }

    [Theory]
    [InlineData("tgi", "vllm/vllm-openai:v0.11.1", "vllm")]
    [InlineData("tgi", "us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:20240910_0916_RC00", "vllm")]
    [InlineData("vllm", "ghcr.io/huggingface/text-generation-inference:3.3.6", "tgi")]
    [InlineData("vllm", "mirror.example/huggingface/text-generation-inference@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "tgi")]
    public void Refuses_an_image_of_another_server(string server, string image, string other) =>
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Server = server, BaseImage = image })).Message.ShouldContain($"is an image of {other}, and the server is {server}. Give --server {other}");

    [Theory]
    [InlineData("http://host/image")]
    [InlineData("vllm/VLLM")]
    [InlineData("a b")]
    public void Refuses_what_is_no_image_reference_before_anything_runs(string image) =>
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { BaseImage = image })).Message.ShouldStartWith($"--base-image '{image}' is not allowed.");

    [Theory]
    [InlineData("gemma")]
    [InlineData("hf://onlyname")]
    [InlineData("hf://a/b/c")]
    [InlineData("hf://a/..")]
    [InlineData("file://relative")]
    [InlineData("https://huggingface.co/a/b")]
    [InlineData("gs://")]
    public void Refuses_what_is_no_model_reference(string model) =>
        Should.Throw<UserException>(() => Validate(new DeploymentRequest { Model = model })).Message.ShouldContain("hf://org/name");

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("ten")]
    public void Refuses_what_is_no_factor(string text)
    {
        var reader = Reader();
        reader.Factor("--time-scale", text, 0.01, 1000).ShouldBeNull();
        Should.Throw<UserException>(reader.ThrowIfWrong).Message.ShouldContain($"--time-scale '{text}'");
    }
}
