using Preheat.Manifests;

namespace Preheat.Tests.Manifests;

public sealed class FieldPlacesTests
{
    private const string Text = """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          labels:
            app: web
        spec:
          selector:
            app: web
          ports:
            - name: http
              port: 8000
              targetPort: http
            - name: metrics
              port: 9000
          limits:
            nvidia.com/gpu: 1
        """;

    [Theory]
    [InlineData("spec.selector", 8)]
    [InlineData(".spec.selector.app", 9)]
    [InlineData("spec.ports[1].port", 15)]
    [InlineData("spec.ports[7].port", 10)]
    [InlineData("spec.limits[nvidia.com/gpu]", 17)]
    [InlineData(".spec.ports[port=8000,protocol=\"TCP\"].targetPort", 13)]
    [InlineData(".spec.ports[name=\"metrics\"]", 14)]
    [InlineData("spec.clusterIP", 7)]
    [InlineData("metadata.labels", 5)]
    [InlineData("", 1)]
    public void Finds_the_line_of_a_field_or_of_what_is_above_it(string field, int line)
    {
        var problems = new List<string>();
        var value = ManifestObject.From(YamlReader.Read(Text, "web.yaml", strict: true).Single(), "web.yaml", problems)!;
        FieldPlaces.Of(value, field).ToString().ShouldBe($"web.yaml:{line}");
    }
}
