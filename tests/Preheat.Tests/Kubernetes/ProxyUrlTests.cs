using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>A kubeconfig's proxy-url.</summary>
public sealed class ProxyUrlTests
{
    [Fact]
    public async Task Logs_in_to_the_proxy_as_its_address_says()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        await using var proxy = builder.Build();
        var hosts = new List<string>();
        proxy.Run(async context =>
        {
            if (context.Request.Headers.ProxyAuthorization.ToString() != "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:p@ss:word")))
            {
                context.Response.Headers.ProxyAuthenticate = "Basic realm=\"proxy\"";
                context.Response.StatusCode = 407;
                return;
            }
            hosts.Add(context.Request.Host.Value!);
            await ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""");
        });
        await proxy.StartAsync();
        var file = Path.Combine(Path.GetTempPath(), $"preheat-proxy-{Guid.NewGuid():N}");
        try
        {
            await File.WriteAllTextAsync(file, $$"""
                current-context: c
                contexts: [{ name: c, context: { cluster: k } }]
                clusters: [{ name: k, cluster: { server: "http://cluster.example", proxy-url: "http://me:p%40ss:word@{{new Uri(proxy.Urls.Single()).Authority}}" } }]
                """);
            var context = Kubeconfig.Resolve([file], null);
            using var client = ClusterTransport.Create(context, TimeProvider.System, TimeSpan.FromSeconds(30));
            (await client.GetAsync("api/v1/namespaces/n/pods/a")).StatusCode.ShouldBe(HttpStatusCode.OK);
            hosts.ShouldBe(["cluster.example"]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
