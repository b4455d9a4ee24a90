using Preheat.LocalCloud;

interface ILocalCloudDown : IHazCloud
{
    Target LocalCloudDown => _ => _
        .Description("Stop the embedded cloud; its state is kept")
        .Executes(() => Session.Current.RunAsync(nameof(LocalCloudDown), LocalCloud.Find(CloudState) is null ? "would do nothing: the embedded cloud is not running" : "would stop the embedded cloud; its state is kept", async cancellation =>
        {
            var stopped = await LocalCloud.StopAsync(CloudState, cancellation);
            Log.Information("{Line}", stopped ? $"The embedded cloud has stopped. Its state is kept in {CloudState}." : "The embedded cloud was not running.");
        }));
}
