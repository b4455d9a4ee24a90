using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Tests.Manifests;

/// <summary>A user's folder, laid over the built-in manifests.</summary>
public sealed class OwnManifestsTests : IDisposable
{
    private const string Sidecar = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: gemma}
        spec:
          progressDeadlineSeconds: 60
          template:
            spec:
              $setElementOrder/containers: [{name: side}, {name: inference-server}]
              tolerations: [{key: own, operator: Exists}]
              containers:
                - name: side
                  image: side:1
                  volumeMounts: [{name: dshm, mountPath: /x}]
                - name: inference-server
                  args: [--only]
                  env: [{name: A, value: "1"}]
                  ports: [{containerPort: 8000, name: web}, {containerPort: 8000, protocol: UDP, name: udp}]
                  readinessProbe: {periodSeconds: null, httpGet: {port: web}}
                  startupProbe: {httpGet: {port: web}}
              volumes:
                - name: dshm
                  $patch: delete
                - name: dshm2
                  emptyDir: {}
        """;

    private readonly RenderingFixture _fixture = new();
    private readonly string _own = Directory.CreateTempSubdirectory("preheat-own-").FullName;

    public OwnManifestsTests() => _fixture.Deployment = _fixture.Deployment with { ManifestsDirectory = _own };

    public void Dispose()
    {
        _fixture.Dispose();
        Directory.Delete(_own, recursive: true);
    }

    [Fact]
    public void Merges_lists_by_their_keys_with_new_items_first_as_kustomize_does()
    {
        Write("kustomization.yaml", "kind: Component\npatches:\n  - path: p.yaml\nimages:\n  - {name: side, newName: own/side, digest: 'sha256:" + new string('e', 64) + "'}\n");
        // The mount of the other container goes to the volume that stays.
        Write("p.yaml", Sidecar.Replace("- name: dshm\n          $patch: delete", "- name: unused\n          $patch: delete", StringComparison.Ordinal));
        Write("p2.yaml", "");
        _fixture.Break("base/vllm/service.yaml", "targetPort: http", "targetPort: web");
        _fixture.Render();
        var deployment = Object("deployment.yaml");
        deployment.Text("spec", "progressDeadlineSeconds").ShouldBe("60");
        var pod = (YamlMap)deployment.Find("spec", "template", "spec")!;
        pod.Items("containers").Cast<YamlMap>().Select(container => container.Text("name")).ShouldBe(["side", "inference-server"]);
        ((YamlMap)pod.Items("containers")[0]).Text("image").ShouldBe("own/side@sha256:" + new string('e', 64));
        var server = (YamlMap)pod.Items("containers")[1];
        server.Items("args").Cast<YamlScalar>().Select(word => word.Text).ShouldBe(["--only"]);
        server.Items("ports").Cast<YamlMap>().Select(port => (port.Text("name"), port.Text("protocol"))).ShouldBe([("udp", "UDP"), ("web", "TCP")]);
        server.Find("readinessProbe", "periodSeconds").ShouldBeNull();
        server.Text("readinessProbe", "httpGet", "path").ShouldBe("/health");
        pod.Items("volumes").Cast<YamlMap>().Select(volume => volume.Text("name")).ShouldBe(["dshm2", "dshm"]);
        pod.Items("tolerations").ShouldHaveSingleItem();
        pod.Entries.ShouldNotContain(entry => entry.Key.StartsWith('$'));
    }

    [Fact]
    public void Gives_objects_the_deployments_namespace_and_labels_and_knows_its_variables()
    {
        Write("kustomization.yaml", "kind: Component\nresources: [c.yaml]\nlabels:\n  - pairs: {team: '${NAMESPACE}'}\n    includeTemplates: true\n");
        Write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"${DEPLOYMENT}-own\"}\ndata: {replicas: \"${REPLICAS}\", project: \"${PROJECT_ID}\"}\n");
        _fixture.Render().Files[0].ShouldBe("c.yaml");
        var map = Object("c.yaml");
        (map.Text("metadata", "name"), map.Text("metadata", "namespace"), map.Text("metadata", "labels", "preheat-deployment"), map.Text("data", "project")).ShouldBe(("gemma-own", "default", "gemma", "demo"));
        Object("deployment.yaml").Text("spec", "template", "metadata", "labels", "team").ShouldBe("default");
        Object("deployment.yaml").Find("spec", "selector", "matchLabels", "team").ShouldBeNull();
    }

    [Fact]
    public void Leaves_the_replicas_to_an_autoscaler_of_ones_own()
    {
        Write("kustomization.yaml", "kind: Component\nresources: [h.yaml]\n");
        Write("h.yaml", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: own}\nspec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gemma}}\n");
        _fixture.Render();
        Object("deployment.yaml").Find("spec", "replicas").ShouldBeNull();
    }

    [Fact]
    public void Follows_folders_inline_patches_and_all_operations()
    {
        Write("kustomization.yaml", "kind: Kustomization\nresources: [more]\ncomponents: [feature]\n");
        Write("more/kustomization.yaml", "resources: [a.yaml]\n");
        Write("more/a.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner}\n");
        Write("feature/kustomization.yaml", """
            kind: Component
            patches:
              - target: {kind: Deployment, name: gem.*}
                patch: |
                  - {op: test, path: /spec/replicas, value: 1}
                  - {op: copy, from: /spec/replicas, path: /spec/minReadySeconds}
                  - {op: move, from: /spec/revisionHistoryLimit, path: /spec/replicas}
                  - {op: add, path: /spec/template/spec/serviceAccountName, value: runner}
            """);
        _fixture.Render();
        var spec = (YamlMap)Object("deployment.yaml")["spec"]!;
        (spec.Text("minReadySeconds"), spec.Text("replicas"), spec.Text("revisionHistoryLimit"), spec.Text("template", "spec", "serviceAccountName")).ShouldBe(("1", "5", null, "runner"));
        _fixture.Events.OfType<Warning>().ShouldBeEmpty();
    }

    [Fact]
    public void A_folder_of_resources_changes_only_what_it_brings()
    {
        Write("kustomization.yaml", "kind: Component\nresources: [more]\n");
        Write("more/kustomization.yaml", "resources: [a.yaml]\nlabels: [{pairs: {team: other}}]\npatches: [{target: {name: .*}, patch: '{metadata: {annotations: {by: more}}}'}]\n");
        Write("more/a.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner}\n");
        _fixture.Render();
        (Object("a.yaml").Text("metadata", "labels", "team"), Object("a.yaml").Text("metadata", "annotations", "by")).ShouldBe(("other", "more"));
        (Object("deployment.yaml").Text("metadata", "labels", "team"), Object("deployment.yaml").Text("metadata", "annotations", "by")).ShouldBe((null, null));
    }

    [Fact]
    public void Subjects_of_a_role_binding_move_with_the_service_accounts_that_they_name()
    {
        Write("kustomization.yaml", "kind: Component\nresources: [a.yaml]\nnamespace: default\n");
        Write("a.yaml", """
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: runner}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: runner}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner}
            subjects: [{kind: ServiceAccount, name: runner}, {kind: ServiceAccount, name: foreign, namespace: elsewhere}]
            """);
        _fixture.Render();
        var binding = (YamlMap)YamlReader.Read(_fixture.Read("a.yaml"), "a.yaml", strict: true)[1];
        binding.Items("subjects").Cast<YamlMap>().Select(subject => subject.Text("namespace")).ShouldBe(["default", "elsewhere"]);
    }

    [Fact]
    public void Leaves_to_a_shell_what_is_the_shells()
    {
        Write("kustomization.yaml", "kind: Component\nresources: [c.yaml]\n");
        Write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: script}\ndata: {run: \"cd $${HOME} && echo $${1:-${DEPLOYMENT}}\"}\n");
        _fixture.Render();
        Object("c.yaml").Text("data", "run").ShouldBe("cd ${HOME} && echo ${1:-gemma}");
    }

    [Fact]
    public void Warns_of_what_the_cluster_must_have()
    {
        Patch("envFrom: [{secretRef: {name: keys}}]");
        _fixture.Render();
        _fixture.Events.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldContain("the Secret 'keys' is not among the manifests");
    }

    [Theory]
    [InlineData("data: {token: Y2FuYXJ5}")]
    [InlineData("stringData: {token: canary}")]
    public void Refuses_a_secret_whose_values_would_lie_in_files(string values)
    {
        Write("kustomization.yaml", "kind: Component\nresources: [s.yaml]\n");
        Write("s.yaml", $"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\n{values}\n");
        var error = Should.Throw<UserException>(() => _fixture.Render());
        error.Message.ShouldContain("s.yaml:4: the values of Secret/keys would be written to files in clear. Make it in the cluster (kubectl create secret generic keys --namespace default --from-file=KEY=FILE");
        error.Message.ShouldNotContain("canary");
        Directory.Exists(_fixture.Output).ShouldBeFalse();
    }

    [Fact]
    public void Takes_a_secret_that_something_else_fills()
    {
        Write("kustomization.yaml", "kind: Component\nresources: [s.yaml]\n");
        Write("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, annotations: {kubernetes.io/service-account.name: runner}}\ntype: kubernetes.io/service-account-token\n");
        _fixture.Render();
        Object("s.yaml").Text("kind").ShouldBe("Secret");
    }

    [Theory]
    [InlineData("kind: Component\nresource: [x.yaml]\n", "kustomization.yaml:2: 'resource' is not read here; did you mean 'resources'?")]
    [InlineData("kind: Componnt\n", "kustomization.yaml:1: the kind is Kustomization or Component, not Componnt.")]
    [InlineData("resources: [x.yml]\n", "x.yml is missing; did you mean 'x.yaml'?")]
    [InlineData("resources: [../x.yaml]\n", "kustomization.yaml:1: name a file of the same folder")]
    [InlineData("components: [loop]\n", "folders within folders go deeper")]
    [InlineData("patches: [{path: x.yaml, patch: 'a: b'}]\n", "kustomization.yaml:1: a patch has either the path of a file or a patch inline")]
    [InlineData("patches: [{target: {kind: Deploymnt}, patch: '{spec: {paused: true}}'}]\n", "no object of kind Deploymnt is there to patch. There are Deployment/gemma")]
    [InlineData("patches: [{target: {kin: Deployment}, patch: '{spec: {paused: true}}'}]\n", "'kin' is not read in a target; did you mean 'kind'?")]
    [InlineData("patches: [{patch: '{spec: {paused: true}}'}]\n", "a partial object without a target needs apiVersion, kind and metadata.name")]
    [InlineData("patches: [{patch: '[{op: add, path: /a, value: 1}]'}]\n", "a list of operations needs a target with a kind")]
    [InlineData("patches: [{target: {kind: Deployment, name: '('}, patch: '{spec: {paused: true}}'}]\n", "'(' is no pattern for a name")]
    [InlineData("labels: [{pairs: {a: b}, includeSelectors: true}]\n", "a selector cannot be changed")]
    [InlineData("images: [{newTag: '1'}]\n", "an image has a name")]
    [InlineData("labels: [{pairs: {a: '${REGIN}'}}]\n", "the variable ${REGIN} is unknown here. Did you mean ${REGION}?")]
    [InlineData("patches: [{target: {kind: Deployment}, patch: '[{op: test, path: /spec/replicas, value: 9}]'}]\n", "the test failed: /spec/replicas")]
    [InlineData("patches: [{target: {kind: Deployment}, patch: '{$patch: remove}'}]\n", "$patch is delete, merge or replace")]
    [InlineData("patches: [{target: {kind: Deployment}, patch: '{spec: {$delete: true}}'}]\n", "'$delete' is no directive")]
    [InlineData("patches: [{target: {kind: Deployment}, patch: '{spec: {template: {spec: {containers: [{image: a}]}}}}'}]\n", "an item of this list is told by its name")]
    [InlineData("images: [{name: local-docker.pkg.dev/demo/models/tiny-gemma-2, newTag: '1'}]\n", "the image is not pinned to a digest")]
    [InlineData("images: [{name: a, newtag: '1'}]\n", "'newtag' is not read in an image; did you mean 'newTag'?")]
    [InlineData("labels: [{pairs: {a: b}, fields: []}]\n", "'fields' is not read in labels")]
    [InlineData("labels: [{pairs: {a: 'x${1:-y}'}}]\n", "or $${ for one that is to stay")]
    [InlineData("namespace: other\n", "is in namespace other, the deployment in default")]
    public void Tells_what_is_wrong_with_a_kustomization(string text, string message)
    {
        Write("kustomization.yaml", text);
        Write("x.yaml", "a: b\n");
        Write("loop/kustomization.yaml", "components: [loop]\n");
        Directory.CreateDirectory(Path.Combine(_own, "loop"));
        for (var (depth, folder) = (0, Path.Combine(_own, "loop")); depth < 10; depth++)
        {
            folder = Path.Combine(folder, "loop");
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "kustomization.yaml"), "components: [loop]\n");
        }
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain(message);
        Directory.Exists(_fixture.Output).ShouldBeFalse();
    }

    private void Patch(string container) => Write(
        "kustomization.yaml",
        $"patches: [{{target: {{kind: Deployment}}, patch: '{{spec: {{template: {{spec: {{containers: [{{name: inference-server, {container}}}]}}}}}}}}'}}]\n");

    private YamlMap Object(string file) => (YamlMap)YamlReader.Read(_fixture.Read(file), file, strict: true)[0];

    private void Write(string file, string text)
    {
        var path = Path.Combine(_own, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
