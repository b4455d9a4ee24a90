using Preheat.Images;
using Preheat.Models;
using Preheat.Tests.Models;

namespace Preheat.Tests.Images;

/// <summary>Bakes the sample model, from a directory, with the repository's recipe.</summary>
internal static class SampleBake
{
    /// <param name="change">What differs from the plain request.</param>
    public static async Task<ServingImage> RunAsync(
        DebianRegistry registry, TemporaryFolder folder, RecordedEvents events, string name, Func<BakeRequest, BakeRequest>? change = null, CloudEndpoints? endpoints = null)
    {
        endpoints ??= registry.Endpoints;
        if (!Directory.Exists(folder["model"]))
            SampleModel.Write(folder["model"]);
        var snapshot = await ModelResolver.ResolveAsync(ModelReference.Parse($"file://{folder["model"]}"), endpoints, null, events, TimeProvider.System, default);
        using var source = ModelSources.Open(snapshot, endpoints, null, TimeProvider.System);
        var request = new BakeRequest
        {
            Model = snapshot,
            Source = source,
            BaseImage = DebianRegistry.BaseImage,
            DockerfilePath = Recipe.Path,
            Repository = $"local-docker.pkg.dev/p/r/{name}",
            Tag = "v1",
            Region = "local",
        };
        return await Baker.BakeAsync(change?.Invoke(request) ?? request, endpoints, events, TimeProvider.System, default);
    }
}
