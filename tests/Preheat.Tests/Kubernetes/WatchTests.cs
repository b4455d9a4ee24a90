using Microsoft.AspNetCore.Http;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class WatchTests : ScriptedServerTests
{
    [Fact]
    public async Task Tells_the_list_then_the_changes_and_resumes_a_cut_connection_from_the_last_version()
    {
        var watches = 0;
        _server.Answer = async context =>
        {
            if (context.Request.Query["watch"] != "true")
            {
                await ScriptedApiServer.JsonAsync(context, List("10", Item("a", "5")));
            }
            else if (Interlocked.Increment(ref watches) == 1)
            {
                await ScriptedApiServer.LineAsync(context, Event("ADDED", Item("b", "11")));
                await ScriptedApiServer.LineAsync(context, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"15"}}}""");
                await context.Response.WriteAsync("""{"type":"MODIFIED","object":{"metadata":{"na""");
            }
            else if (watches == 2)
            {
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
            else
            {
                await ScriptedApiServer.LineAsync(context, Event("MODIFIED", Item("b", "16")));
                await ScriptedApiServer.LineAsync(context, Event("DELETED", Item("a", "17")));
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
            }
        };
        (await TakeAsync(5)).ShouldBe(["Added a", "Synced ", "Added b", "Modified b", "Deleted a"]);
        _server.Requests.Last().ShouldContain("resourceVersion=15");
        _server.Requests.Last().ShouldContain("allowWatchBookmarks=true");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lists_anew_when_the_version_is_too_old_and_tells_only_the_differences(bool asEvent)
    {
        var lists = 0;
        _server.Answer = async context =>
        {
            if (context.Request.Query["watch"] != "true")
                await ScriptedApiServer.JsonAsync(context, Interlocked.Increment(ref lists) == 1 ? List("10", Item("a", "1"), Item("b", "2"), Item("c", "3")) : List("30", Item("a", "1"), Item("b", "22"), Item("d", "23")));
            else if (context.Request.Query["resourceVersion"] != "10")
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
            else if (asEvent)
                await ScriptedApiServer.LineAsync(context, """{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}""");
            else
                await ScriptedApiServer.JsonAsync(context, """{"kind":"Status","code":410,"reason":"Expired"}""", 410);
        };
        (await TakeAsync(8)).ShouldBe(["Added a", "Added b", "Added c", "Synced ", "Deleted c", "Modified b", "Added d", "Synced "]);
    }

    [Fact]
    public async Task Tells_a_replaced_object_as_two()
    {
        var lists = 0;
        _server.Answer = async context =>
        {
            if (context.Request.Query["watch"] != "true")
                await ScriptedApiServer.JsonAsync(context, List("10", Item("a", "1", uid: Interlocked.Increment(ref lists) == 1 ? "first" : "second")));
            else if (lists == 1)
                await ScriptedApiServer.JsonAsync(context, "{}", 410);
            else
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        };
        (await TakeAsync(5)).ShouldBe(["Added a", "Synced ", "Deleted a", "Added a", "Synced "]);
    }

    [Fact]
    public async Task Ends_with_the_reason_when_watching_is_forbidden()
    {
        _server.Answer = context => context.Request.Query["watch"] == "true"
            ? ScriptedApiServer.JsonAsync(context, """{"kind":"Status","reason":"Forbidden","message":"pods is forbidden"}""", 403)
            : ScriptedApiServer.JsonAsync(context, List("1"));
        (await Should.ThrowAsync<KubernetesApiException>(() => TakeAsync(2))).Message.ShouldContain("pods is forbidden");
    }

    [Fact]
    public async Task Waits_for_a_server_that_is_away_longer_than_requests_are_repeated()
    {
        var (lists, watches) = (0, 0);
        _server.Answer = async context =>
        {
            if (context.Request.Query["watch"] != "true")
                await ScriptedApiServer.JsonAsync(context, Interlocked.Increment(ref lists) is > 1 and < 20 ? """{"kind":"Status","message":"etcd is starting"}""" : List("10", Item("a", $"{lists}")), lists is > 1 and < 20 ? 500 : 200);
            else
                // Away; then back, refusing all before it has read the rights; then without the past.
                await ScriptedApiServer.JsonAsync(context, "{}", Interlocked.Increment(ref watches) switch { <= 12 => 503, 13 => 403, _ => 410 });
        };
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var client = KubernetesClient.Connect(_server.Endpoints(), new HastyTime());
        var told = new List<string>();
        await foreach (var change in client.WatchAsync(KubernetesKind.Pod, new("n"), limit.Token))
        {
            told.Add($"{change.Change} {change.Object?.Name}");
            if (told.Count == 4)
                break;
        }
        told.ShouldBe(["Added a", "Synced ", "Modified a", "Synced "]);
    }

    [Fact]
    public async Task Stops_when_the_caller_does()
    {
        _server.Answer = context => context.Request.Query["watch"] == "true"
            ? Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted)
            : ScriptedApiServer.JsonAsync(context, List("1"));
        using var stop = new CancellationTokenSource();
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in client.WatchAsync(KubernetesKind.Pod, new("n"), stop.Token))
                await stop.CancelAsync();
        });
    }

    private static string Item(string name, string version, string? uid = null) =>
        $$$"""{"metadata":{"name":"{{{name}}}","namespace":"n","uid":"{{{uid ?? name}}}","resourceVersion":"{{{version}}}"}}""";

    private static string Event(string type, string item) => $$"""{"type":"{{type}}","object":{{item}}}""";

    private static string List(string version, params string[] items) =>
        $$$"""{"metadata":{"resourceVersion":"{{{version}}}"},"items":[{{{string.Join(',', items)}}}]}""";

    private async Task<List<string>> TakeAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        var told = new List<string>();
        await foreach (var change in client.WatchAsync(KubernetesKind.Pod, new("n"), limit.Token))
        {
            told.Add($"{change.Change} {change.Object?.Name}");
            if (told.Count == count)
                break;
        }
        return told;
    }
}
