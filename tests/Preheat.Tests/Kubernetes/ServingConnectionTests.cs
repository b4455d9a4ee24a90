using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class ServingConnectionTests
{
    [Fact]
    public async Task Reaches_the_service_through_the_API_server_with_its_credentials()
    {
        using var authority = new TestAuthority();
        await using var server = await ScriptedApiServer.StartAsync(authority);
        server.Answer = context =>
        {
            context.Response.Redirect("https://elsewhere.example/");
            return Task.CompletedTask;
        };
        using var connection = ServingConnection.Open(new(EndpointKind.ServiceProxy, "ml", "gemma", "http", "org/gemma"), server.Endpoints(), TimeProvider.System);
        using var response = await connection.Client.GetAsync(new Uri(connection.BaseAddress, "v1/models"));
        ((int)response.StatusCode).ShouldBe(302);
        server.Requests.ShouldBe(["GET /api/v1/namespaces/ml/services/http:gemma:http/proxy/v1/models"]);
        server.Tokens.ShouldBe(["Bearer secret"]);
        server.Protocols.ShouldBe(["HTTP/2"]);
    }

    [Fact]
    public async Task Reaches_one_ready_pod_by_port_forward()
    {
        using var authority = new TestAuthority();
        await using var server = await ScriptedApiServer.StartAsync(authority);
        server.Answer = context => context switch
        {
            { WebSockets.IsWebSocketRequest: true } => ForwardAsync(context),
            _ when context.Request.Path.Value!.EndsWith("/pods", StringComparison.Ordinal) => ScriptedApiServer.JsonAsync(context, """{"items":[{"metadata":{"name":"a"},"status":{}},{"metadata":{"name":"b"},"spec":{"containers":[{"ports":[{"name":"http","containerPort":8000}]}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]}"""),
            _ => ScriptedApiServer.JsonAsync(context, """{"kind":"Service","metadata":{"name":"gemma"},"spec":{"selector":{"app":"gemma"},"ports":[{"name":"web","port":80,"targetPort":"http"}]}}"""),
        };
        using var connection = ServingConnection.Open(new(EndpointKind.PortForward, "ml", "gemma", "web", "org/gemma"), server.Endpoints(), TimeProvider.System);
        (await connection.Client.GetStringAsync(new Uri(connection.BaseAddress, "v1/models"))).ShouldBe("GET /v1/models");
        server.Requests.ShouldContain("GET /api/v1/namespaces/ml/pods/b/portforward?ports=8000");
        server.Tokens.ShouldAllBe(token => token == "Bearer secret");
    }

    // What a kubelet does: the port on both channels, then the bytes; here the other end is a server of one answer.
    private static async Task ForwardAsync(HttpContext context)
    {
        context.WebSockets.WebSocketRequestedProtocols.ShouldBe([PodTunnel.Protocol]);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(PodTunnel.Protocol);
        foreach (var channel in new byte[] { 0, 1 })
            await socket.SendAsync(new byte[] { channel, 0x40, 0x1f }, WebSocketMessageType.Binary, true, default);
        var buffer = new byte[4096];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), default);
        buffer[0].ShouldBe((byte)0);
        var line = Encoding.ASCII.GetString(buffer, 1, received.Count - 1).Split(" HTTP/1.1")[0];
        var answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {line.Length}\r\n\r\n{line}");
        await socket.SendAsync((byte[])[0, .. answer[..20]], WebSocketMessageType.Binary, true, default);
        await socket.SendAsync((byte[])[0, .. answer[20..]], WebSocketMessageType.Binary, true, default);
        await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
    }

    [Fact]
    public void Takes_a_load_balancers_own_address()
    {
        var endpoints = new CloudEndpoints { Hub = new Uri("http://127.0.0.1:1/") };
        using var connection = ServingConnection.Open(new(EndpointKind.LoadBalancer, "ml", "gemma", "http", "m", "http://10.0.0.7:8000"), endpoints, TimeProvider.System);
        new Uri(connection.BaseAddress, "v1/models").ShouldBe(new Uri("http://10.0.0.7:8000/v1/models"));
        Should.Throw<UserException>(() => ServingConnection.Open(new(EndpointKind.LoadBalancer, "ml", "gemma", "http", "m"), endpoints, TimeProvider.System)).Message.ShouldContain("has no address");
    }
}
