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
    public void Takes_a_load_balancers_own_address()
    {
        var endpoints = new CloudEndpoints { Hub = new Uri("http://127.0.0.1:1/") };
        using var connection = ServingConnection.Open(new(EndpointKind.LoadBalancer, "ml", "gemma", "http", "m", "http://10.0.0.7:8000"), endpoints, TimeProvider.System);
        new Uri(connection.BaseAddress, "v1/models").ShouldBe(new Uri("http://10.0.0.7:8000/v1/models"));
        Should.Throw<UserException>(() => ServingConnection.Open(new(EndpointKind.LoadBalancer, "ml", "gemma", "http", "m"), endpoints, TimeProvider.System)).Message.ShouldContain("has no address");
    }
}
