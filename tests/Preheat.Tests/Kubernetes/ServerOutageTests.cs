using Microsoft.AspNetCore.Http;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>An API server that goes away during a roll-out: as the control plane of a zonal cluster does while it is upgraded.</summary>
public sealed class ServerOutageTests : ScriptedRolloutTests
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _rollout.SetPod("""{"phase":"Pending"}""");
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(0)]
    public async Task Waits_for_a_server_that_is_away_and_tells_it_once(int status)
    {
        var waiting = _rollout.WaitHastilyAsync(Long);
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        var refused = 0;
        _rollout.Break(context =>
        {
            Interlocked.Increment(ref refused);
            return RefuseAsync(context, status);
        });
        await ToldAsync("API server: does not answer since ");
        // Each of the three watches tries again and again.
        using (var limit = new CancellationTokenSource(Long))
        {
            for (var before = Volatile.Read(ref refused); Volatile.Read(ref refused) < before + 30;)
                await Task.Delay(10, limit.Token);
        }
        waiting.IsCompleted.ShouldBeFalse();
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        _rollout.Fault = null;
        (await waiting).Pods.ShouldHaveSingleItem();
        Lines().Count(line => line.StartsWith("API server: does not answer", StringComparison.Ordinal)).ShouldBe(1);
        Lines().Single(line => line.StartsWith("API server: answers", StringComparison.Ordinal)).ShouldStartWith("API server: answers again, after ");
    }

    [Fact]
    public async Task Waits_but_seconds_for_the_embedded_cluster_which_the_next_run_starts_again()
    {
        var waiting = _rollout.WaitHastilyAsync(TimeSpan.FromDays(1), _server.Endpoints() with { TimeScale = 120 });
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        _rollout.Break(context => RefuseAsync(context, 503));
        (await Should.ThrowAsync<PreheatException>(() => waiting)).Message.ShouldContain("run Deploy again");
        Lines().ShouldContain(line => line.Contains("waiting for it, at most 10 s", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(0)]
    public async Task Says_that_nothing_is_known_when_the_server_stays_away(int status)
    {
        var waiting = _rollout.WaitHastilyAsync(TimeSpan.FromSeconds(2));
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        _rollout.Break(context => RefuseAsync(context, status));
        var error = await Should.ThrowAsync<PreheatException>(() => waiting);
        error.ShouldNotBeOfType<RolloutFailedException>();
        error.Message.ShouldStartWith("Whether Deployment/gemma rolls out is not known");
        error.Message.ShouldContain("nothing was rolled back");
        error.Message.ShouldContain("./build.sh Status");
        error.Message.ShouldContain("run Deploy again");
        error.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Waits_for_a_server_whose_name_does_not_resolve_for_now()
    {
        var endpoints = _server.Endpoints();
        File.WriteAllText(endpoints.Kubeconfig!, File.ReadAllText(endpoints.Kubeconfig!).Replace("127.0.0.1", "api.invalid", StringComparison.Ordinal));
        var error = await Should.ThrowAsync<UserException>(() => _rollout.WaitHastilyAsync(TimeSpan.FromSeconds(2), endpoints));
        error.Message.ShouldContain("does not resolve");
        error.Message.ShouldContain("nothing was rolled back");
        Lines().ShouldHaveSingleItem().ShouldStartWith("API server: does not answer since ");
    }

    [Fact]
    public async Task Renews_the_credentials_once_and_then_fails()
    {
        var file = Path.Combine(Path.GetTempPath(), $"preheat-token-{Guid.NewGuid():N}");
        try
        {
            await File.WriteAllTextAsync(file, "first");
            var waiting = _rollout.WaitHastilyAsync(Long, _server.Endpoints($"tokenFile: {file}"));
            await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
            await File.WriteAllTextAsync(file, "second");
            _rollout.Break(context => context.Request.Headers.Authorization == "Bearer second" ? _rollout.AnswerAsync(context) : RefuseAsync(context, 401));
            _rollout.SetPod("""{"phase":"Pending","startTime":"2026-11-21T10:00:00Z","conditions":[{"type":"PodScheduled","status":"False","message":"0/2 nodes"}]}""");
            await ToldAsync("Pod/gemma-1-a: no node yet: 0/2 nodes");
            _rollout.Break(context => RefuseAsync(context, 401));
            var error = await Should.ThrowAsync<UserException>(() => waiting);
            error.Message.ShouldContain("did not accept the credentials");
            error.Message.ShouldContain("nothing was rolled back");
            Lines().ShouldNotContain(line => line.StartsWith("API server", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status)
    {
        if (status != 0)
            return ScriptedApiServer.JsonAsync(context, $$"""{"kind":"Status","reason":"Refused","message":"not now","code":{{status}}}""", status);
        context.Abort();
        return Task.CompletedTask;
    }
}
