using Preheat.ClusterTests.Differential;

namespace Preheat.ClusterTests;

/// <summary>The embedded cluster answers as the real one does, but for what is known (<c>Differential/known.txt</c>).</summary>
[Collection(ClusterCollection.Name)]
public sealed class EmbeddedClusterTests(ClusterFixture cluster)
{
    public static TheoryData<string> Names => [.. Sequences.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Answers_as_a_real_server_does(string sequence)
    {
        await using var embedded = await EmbeddedServer.StartAsync();
        var place = await cluster.PlaceAsync();
        (await embedded.Api.PostAsync("api/v1/namespaces", $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{place}}}"}}""")).Object();
        await ReadyAsync(cluster.Api, place);
        await ReadyAsync(embedded.Api, place);
        var known = KnownDifferences.Read(sequence);
        var fresh = new List<string>();
        foreach (var step in Sequences.All[sequence])
        {
            var (path, body) = (step.Path.Replace("NS", place, StringComparison.Ordinal), step.Body?.Replace("NS", place, StringComparison.Ordinal));
            var real = await cluster.Api.SendAsync(step.Method, path, body, step.MediaType);
            var other = await embedded.Api.SendAsync(step.Method, path, body, step.MediaType);
            fresh.AddRange(AnswerDifference.Of(real, other).Where(difference => !known.Takes(step.Name, difference)).Select(difference => $"{sequence} / {step.Name} / {difference}"));
        }
        fresh.ShouldBeEmpty(string.Join('\n', fresh));
        // Another version of the server differs elsewhere.
        if (cluster.Server.Minor == KnownDifferences.Minor)
            known.Unused.ShouldBeEmpty("these differences are gone: take them off the list");
    }

    // Pods need the account, which a controller makes.
    private static async Task ReadyAsync(Servers.RawApi api, string place)
    {
        for (var tries = 0; tries < 100 && !(await api.GetAsync($"api/v1/namespaces/{place}/serviceaccounts/default")).IsSuccess; tries++)
            await Task.Delay(50);
    }
}
