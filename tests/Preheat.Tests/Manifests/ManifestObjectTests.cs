using System.Text.Json.Nodes;
using Preheat.Manifests;

namespace Preheat.Tests.Manifests;

public sealed class ManifestObjectTests
{
    [Fact]
    public void Sends_quantities_as_texts_and_other_numbers_as_numbers()
    {
        var sent = Read("""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: a
            spec:
              replicas: 2
              template:
                spec:
                  containers:
                    - name: c
                      ports:
                        - containerPort: 80
                      resources:
                        limits: {nvidia.com/gpu: 1, cpu: 0.5, memory: 1Gi}
            """);
        sent["spec"]!["replicas"]!.GetValue<long>().ShouldBe(2);
        var container = sent["spec"]!["template"]!["spec"]!["containers"]![0]!;
        container["ports"]![0]!["containerPort"]!.GetValue<long>().ShouldBe(80);
        container["resources"]!["limits"]!.ToJsonString().ShouldBe("""{"nvidia.com/gpu":"1","cpu":"0.5","memory":"1Gi"}""");
    }

    [Fact]
    public void Sends_an_object_of_an_unknown_kind_as_it_stands() =>
        Read("{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {cpu: 1}}")["spec"]!.ToJsonString().ShouldBe("""{"cpu":1}""");

    private static JsonObject Read(string yaml)
    {
        var problems = new List<string>();
        var read = ManifestObject.From(YamlReader.Read(yaml, "a.yaml", strict: true).Single(), "a.yaml", problems);
        problems.ShouldBeEmpty();
        return read!.ToJson();
    }
}
