using System.Text.Json.Nodes;
using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;
using Preheat.Manifests;

namespace Preheat.ClusterTests.Machinery;

/// <summary>One server for all tests of the API machinery. Each test works in a namespace of its own.</summary>
public sealed class MachineryFixture : IAsyncLifetime
{
    private int _places;

    internal MachineryServer Server { get; private set; } = null!;

    internal RawApi Api { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await MachineryServer.StartAsync(controllers: null);
        Api = Server.Connect();
        await MakePlaceAsync(MachineryServer.GuestPlace);
    }

    public async Task DisposeAsync()
    {
        Api?.Dispose();
        if (Server is not null)
            await Server.DisposeAsync();
    }

    internal CloudEndpoints Endpoints(string context = TestedServer.Admin) => Server.Endpoints(context);

    /// <summary>The client under test.</summary>
    internal KubernetesClient Client(string context = TestedServer.Admin) => KubernetesClient.Connect(Endpoints(context), TimeProvider.System);

    /// <summary>A fresh namespace.</summary>
    internal async Task<string> PlaceAsync() => await MakePlaceAsync($"machinery-{Interlocked.Increment(ref _places)}");

    /// <summary>An object written as YAML.</summary>
    internal static JsonObject Object(string yaml) => (JsonObject)YamlReader.Read(yaml, "test", strict: true).Single().ToJson()!;

    private async Task<string> MakePlaceAsync(string name)
    {
        (await Api.PostAsync("api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Object();
        return name;
    }
}

/// <summary>The tests of one server run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class MachineryCollection : ICollectionFixture<MachineryFixture>
{
    public const string Name = "machinery";
}
