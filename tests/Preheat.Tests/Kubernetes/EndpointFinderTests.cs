using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

public sealed class EndpointFinderTests : ScriptedServerTests
{
    private static readonly ServingEndpoint Wanted = new(EndpointKind.LoadBalancer, "n", "gemma", "http", "org/gemma");

    private readonly RecordedEvents _events = new();

    [Fact]
    public async Task Waits_for_the_load_balancers_address_and_takes_it_when_it_answers()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        var early = 2;
        // Its backends come a little after its address.
        app.Run(context =>
        {
            context.Response.StatusCode = Interlocked.Decrement(ref early) >= 0 ? 503 : 200;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        var port = new Uri(app.Urls.Single()).Port;
        var asked = 0;
        _server.Answer = context => ServiceAsync(context, port, Interlocked.Increment(ref asked) < 3 ? "" : """{"ip":"127.0.0.1"}""");
        (await FindAsync()).ShouldBe(Wanted with { Address = $"http://127.0.0.1:{port}/" });
        asked.ShouldBe(3);
        _events.All.OfType<StateChanged>().Select(change => $"{change.Subject}: {change.State}").ShouldBe(["Service/gemma: its load balancer has no address yet", "Service/gemma: load balancer at 127.0.0.1"]);
    }

    [Fact]
    public async Task Goes_through_the_API_server_where_the_load_balancer_is_out_of_reach()
    {
        // Nobody speaks plain HTTP at this port.
        _server.Answer = context => context.Request.Path.Value!.Contains("/proxy/", StringComparison.Ordinal) ? Task.CompletedTask : ServiceAsync(context, _server.Address.Port, """{"ip":"127.0.0.1"}""");
        (await FindAsync()).Kind.ShouldBe(EndpointKind.ServiceProxy);
        _events.All.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldContain("is not reached from this machine");
        _server.Requests.ShouldContain("GET /api/v1/namespaces/n/services/http:gemma:http/proxy/health");
    }

    [Fact]
    public async Task Says_that_the_service_went_away()
    {
        (await Should.ThrowAsync<PreheatException>(FindAsync)).Message.ShouldContain("Service/gemma was removed while its load balancer was waited for");
    }

    [Theory]
    [InlineData(200, "\n  SyncLoadBalancerFailed: quota exceeded")]
    [InlineData(403, "\n  (no warnings: Cannot list events: events is forbidden")]
    public async Task Says_that_no_address_came_also_to_whom_may_not_read_events(int status, string ending)
    {
        _server.Answer = context => !context.Request.Path.Value!.EndsWith("/events", StringComparison.Ordinal) ? ServiceAsync(context, 80, "")
            : ScriptedApiServer.JsonAsync(context, status == 200 ? """{"metadata":{},"items":[{"involvedObject":{"name":"gemma","uid":"u"},"type":"Warning","reason":"SyncLoadBalancerFailed","message":"quota exceeded"}]}""" : """{"kind":"Status","reason":"Forbidden","message":"events is forbidden: User \"me\" cannot list resource \"events\""}""", status);
        var error = await Should.ThrowAsync<PreheatException>(() => FindAsync(new HoursInSeconds()));
        error.Message.ShouldStartWith("Service/gemma has no address after 10 min");
        error.Message.ShouldContain(ending);
        error.ExitCode.ShouldBe(1);
    }

    private Task<ServingEndpoint> FindAsync() => FindAsync(new HastyTime());

    private async Task<ServingEndpoint> FindAsync(TimeProvider time)
    {
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        return await EndpointFinder.FindAsync(client, Wanted, _events, time, default);
    }

    private sealed class HoursInSeconds : TimeProvider
    {
        public override long TimestampFrequency => base.TimestampFrequency / 10_000;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 100 : dueTime, period);
    }

    private static Task ServiceAsync(HttpContext context, int port, string ingress) =>
        ScriptedApiServer.JsonAsync(context, $$$"""{"kind":"Service","metadata":{"name":"gemma","namespace":"n","uid":"u"},"spec":{"type":"LoadBalancer","ports":[{"name":"http","port":{{{port}}} }]},"status":{"loadBalancer":{"ingress":[{{{ingress}}}]} } }""");
}
