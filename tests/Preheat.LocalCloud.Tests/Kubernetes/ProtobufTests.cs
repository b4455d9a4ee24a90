using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Protobuf;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class ProtobufTests(TestCluster cluster)
{
    /// <summary>What kubectl 1.33.1 sent for <c>create deployment fixture --image=example/server:v1 --replicas=0 --port=8000</c> in the namespace <c>n33</c>.</summary>
    private const string FromKubectl =
        "6b3873000a150a07617070732f7631120a4465706c6f796d656e7412d9010a2a0a07666978747572651200" +
        "1a036e333322002a00320038004200" + "5a0e0a0361707012076669787475726512" + "9c01080012100a0e0a036170701207666978747572651a7e0a200a0012001a0022002a00320038004200" +
        "5a0e0a036170701207666978747572" + "65125a123c0a0673657276657212116578616d706c652f7365727665723a76312a00320b0a00100018c03e22002a0042006a007200800100880100900100a201001a0032004200" +
        "4a005200580060006800820100" + "8a01009a0100c2010022020a00280038001a0c08001000180020002800380" + "01a002200";

    [Fact]
    public void Reads_what_kubectl_sends_as_its_json_would_be()
    {
        var json = ProtobufBody.Read(Convert.FromHexString(FromKubectl));
        KubeJson.Same(json, JsonNode.Parse("""
            {
              "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "fixture", "namespace": "n33", "labels": { "app": "fixture" } },
              "spec": {
                "replicas": 0, "selector": { "matchLabels": { "app": "fixture" } },
                "template": {
                  "metadata": { "labels": { "app": "fixture" } },
                  "spec": { "containers": [{ "name": "server", "image": "example/server:v1", "ports": [{ "containerPort": 8000 }] }] }
                }
              }
            }
            """)).ShouldBeTrue(json.ToJsonString());
    }

    [Fact]
    public void Reads_every_form_of_field()
    {
        // A pod with an inlined volume source and probe handler, an empty emptyDir, a quantity, ports by name and by number, and a time.
        var quantity = Field(1, "1Gi");
        var probe = (byte[])[.. Field(1, Field(2, [.. Field(1, "/health"), .. Field(2, [.. Varint(1, 0), .. Varint(2, 8000)])])), .. Varint(2, 5)];
        var other = (byte[])[.. Field(1, Field(2, Field(2, [.. Varint(1, 1), .. Field(3, "http")])))];
        var container = (byte[])
        [
            .. Field(1, "c"), .. Field(3, "a"), .. Field(3, ""), .. Field(8, Field(1, [.. Field(1, "memory"), .. Field(2, quantity)])), .. Field(11, probe), .. Field(10, other),
        ];
        var spec = (byte[])[.. Field(1, [.. Field(1, "v"), .. Field(2, Field(2, []))]), .. Field(2, container), .. Varint(4, 0), .. Varint(99, 7)];
        var json = ProtobufBody.Read(Body("v1", "Pod", [.. Field(1, [.. Field(1, "p"), .. Field(8, Varint(1, 86_400))]), .. Field(2, spec)]));
        json.Text("metadata", "creationTimestamp").ShouldBe("1970-01-02T00:00:00Z");
        KubeJson.Same(json["spec"], JsonNode.Parse("""
            {
              "volumes": [{ "name": "v", "emptyDir": {} }], "terminationGracePeriodSeconds": 0,
              "containers": [{
                "name": "c", "command": ["a", ""], "resources": { "limits": { "memory": "1Gi" } },
                "readinessProbe": { "httpGet": { "path": "/health", "port": 8000 }, "initialDelaySeconds": 5 }, "livenessProbe": { "httpGet": { "port": "http" } }
              }]
            }
            """)).ShouldBeTrue(json["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Creates_an_object_and_answers_in_json()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, body) = await SendAsync($"api/v1/{ns}configmaps", Body("v1", "ConfigMap", [.. Field(1, Field(1, "settings")), .. Field(2, [.. Field(1, "a"), .. Field(2, "1")])]));
        code.ShouldBe(HttpStatusCode.Created);
        body.StringMap("data").ShouldBe(new Dictionary<string, string> { ["a"] = "1" });
        (await cluster.GetAsync($"api/v1/{ns}configmaps/settings")).Code.ShouldBe(200);
    }

    [Theory]
    [InlineData("00")]
    [InlineData("6b387300")]
    [InlineData("6b3873000a150a07617070732f7631120a4465706c6f796d656e7412d901")]
    [InlineData("6b387300ffffffffffffffffffffff")]
    public async Task Refuses_what_is_no_message(string hex)
    {
        var ns = await cluster.NamespaceAsync();
        var (code, _) = await SendAsync($"apis/apps/v1/{ns}deployments", Convert.FromHexString(hex));
        code.ShouldBe(hex == "6b387300" ? HttpStatusCode.UnsupportedMediaType : HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Refuses_a_defined_kind_as_the_real_server_does()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, body) = await SendAsync($"apis/monitoring.googleapis.com/v1/{ns}podmonitorings", Body("monitoring.googleapis.com/v1", "PodMonitoring", Field(1, Field(1, "m"))));
        code.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        body.Text("reason").ShouldBe("UnsupportedMediaType");
    }

    private async Task<(HttpStatusCode Code, JsonNode Body)> SendAsync(string path, byte[] bytes)
    {
        using var content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(ProtobufBody.MediaType) } };
        using var response = await cluster.Client.PostAsync(new Uri(path, UriKind.Relative), content);
        return (response.StatusCode, KubeJson.Parse(await response.Content.ReadAsByteArrayAsync())!);
    }

    private static byte[] Body(string apiVersion, string kind, byte[] message) =>
        [.. "k8s\0"u8, .. Field(1, [.. Field(1, apiVersion), .. Field(2, kind)]), .. Field(2, message)];

    private static byte[] Field(int number, string text) => Field(number, System.Text.Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] bytes) => [.. Number((ulong)(number << 3 | 2)), .. Number((ulong)bytes.Length), .. bytes];

    private static byte[] Varint(int number, ulong value) => [.. Number((ulong)(number << 3)), .. Number(value)];

    private static List<byte> Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }
}
