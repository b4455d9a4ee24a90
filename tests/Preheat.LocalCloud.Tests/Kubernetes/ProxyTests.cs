using System.Net;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class ProxyTests(TestCluster cluster)
{
    [Fact]
    public async Task Passes_method_headers_and_body_both_ways()
    {
        var proxy = await ServiceAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{proxy}echo") { Content = new ByteArrayContent(new byte[300_000]) };
        request.Headers.Add("X-Sent", "yes");
        using var response = await cluster.Client.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-echo");
        response.Headers.GetValues("X-Seen").ShouldBe(["yes"]);
        (await response.Content.ReadAsByteArrayAsync()).Length.ShouldBe(300_000);
        (await cluster.Client.GetStringAsync($"{proxy}a//b/../c?q=1%202")).ShouldContain("GET /a//c?q=1%202");
    }

    [Fact]
    public async Task Streams_without_holding_anything_back()
    {
        var proxy = await ServiceAsync();
        using var response = await cluster.Client.GetAsync($"{proxy}events", HttpCompletionOption.ResponseHeadersRead).WaitAsync(TimeSpan.FromSeconds(20));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("data: one");
        cluster.Runtime.Gate.SetResult();
        await reader.ReadLineAsync();
        (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("data: two");
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_seen_as_broken()
    {
        var proxy = await ServiceAsync();
        await Should.ThrowAsync<HttpRequestException>(() => cluster.Client.GetByteArrayAsync($"{proxy}broken"));
    }

    [Fact]
    public async Task Holds_hundreds_of_requests_at_once()
    {
        var proxy = await ServiceAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(number => cluster.Client.GetStringAsync($"{proxy}n/{number}")));
        answers.Select(answer => answer.Split('/')[^1]).ShouldBe(Enumerable.Range(0, 400).Select(number => $"{number}"));
    }

    [Fact]
    public async Task Says_which_service_or_endpoint_is_missing()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, status) = await cluster.GetAsync($"api/v1/{ns}services/web:80/proxy/");
        (code, status.Text("message")).ShouldBe((404, "services \"web\" not found"));
        await cluster.PostAsync($"api/v1/{ns}services", Samples.Service("web", "web"));
        (code, status) = await cluster.GetAsync($"api/v1/{ns}services/web:80/proxy/");
        (code, status.Text("reason")).ShouldBe((503, "ServiceUnavailable"));
    }

    private async Task<string> ServiceAsync()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}services", Samples.Service("web", "web"));
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("web"));
        await cluster.WaitAsync($"api/v1/{ns}endpoints/web", body => body.Objects("subsets").FirstOrDefault().Objects("addresses").Any());
        return $"api/v1/{ns}services/web:http/proxy/";
    }

    [Fact]
    public async Task A_service_has_an_endpoint_slice_beside_its_endpoints()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("web"));
        await cluster.PostAsync($"api/v1/{ns}services", Samples.Service("web", "web"));
        var list = await cluster.WaitAsync($"apis/discovery.k8s.io/v1/{ns}endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb",
            body => body.Objects("items").Any(item => item.Objects("endpoints").Any(endpoint => endpoint.Flag("conditions", "ready"))));
        var slice = list.Objects("items").Single();
        slice.Objects("ports").Single().Number("port").ShouldBe(8000);
        slice.Objects("endpoints").Single().Text("targetRef", "name").ShouldBe("web");
        await cluster.DeleteAsync($"api/v1/{ns}services/web");
        await cluster.WaitAsync($"apis/discovery.k8s.io/v1/{ns}endpointslices", body => !body.Objects("items").Any());
    }
}
