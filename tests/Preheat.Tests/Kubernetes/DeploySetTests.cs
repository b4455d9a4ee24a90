using Preheat.Kubernetes;
using Preheat.Tests.Manifests;

namespace Preheat.Tests.Kubernetes;

/// <summary>Which of its Services a deployment is reached by.</summary>
public sealed class DeploySetTests : IDisposable
{
    private readonly RenderingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Is_reached_by_the_Service_that_selects_its_pods()
    {
        Add("cache", "app: cache");
        Of().Endpoint.Service.ShouldBe("gemma");
    }

    [Fact]
    public void Is_reached_by_the_Service_of_its_own_name_where_several_select_its_pods()
    {
        Add("also", "app: gemma");
        Of().Endpoint.Service.ShouldBe("gemma");
    }

    [Fact]
    public void Refuses_Services_none_of_which_has_its_name()
    {
        Add("also", "app: gemma");
        _fixture.Break("base/vllm/service.yaml", "name: ${DEPLOYMENT}", "name: front");
        Should.Throw<UserException>(Of).Message.ShouldEndWith("several Services select the pods of Deployment/gemma: also, front. Name the one that clients use gemma.");
    }

    [Fact]
    public void Refuses_manifests_without_a_Service_for_its_pods()
    {
        Add("cache", "app: cache");
        _fixture.Break("base/vllm/kustomization.yaml", "  - service.yaml\n", "");
        Should.Throw<UserException>(Of).Message.ShouldStartWith("The manifests hold no Service whose selector matches the pods of Deployment/gemma");
    }

    // Sorted before service.yaml, as a user's own file may be.
    private void Add(string name, string selector)
    {
        File.WriteAllText(Path.Combine(_fixture.ManifestsRoot, "base", "vllm", "cache.yaml"), $$"""
            apiVersion: v1
            kind: Service
            metadata:
              name: {{name}}
              namespace: ${NAMESPACE}
              labels: { preheat-deployment: "${DEPLOYMENT}", app.kubernetes.io/managed-by: preheat }
            spec:
              selector:
                {{selector}}
              ports:
                - name: http
                  port: 8000
                  targetPort: http
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata:
              name: cache
              namespace: ${NAMESPACE}
              labels: { preheat-deployment: "${DEPLOYMENT}", app.kubernetes.io/managed-by: preheat }
            spec:
              serviceName: cache
              selector:
                matchLabels:
                  app: cache
              template:
                metadata:
                  labels: { app: cache, preheat-deployment: "${DEPLOYMENT}" }
                spec:
                  containers:
                    - name: cache
                      image: registry.example/cache@sha256:{{new string('d', 64)}}
                      ports:
                        - name: http
                          containerPort: 8000
            """);
        _fixture.Break("base/vllm/kustomization.yaml", "  - service.yaml\n", "  - cache.yaml\n  - service.yaml\n");
    }

    private DeploySet Of() =>
        DeploySet.Of(new() { Manifests = _fixture.Render(), ManifestsDirectory = _fixture.Output, Deployment = _fixture.Deployment, Image = _fixture.Image }, dryRun: null);
}
