using System.Diagnostics;
using System.Text.Json;

namespace Preheat.EndToEnd.Tests;

/// <summary>An image for a site that no registry reaches: written to a directory, refused where a node would have to pull it, carried by skopeo, then used without being sent again.</summary>
public sealed class LayoutTests
{
    [Fact]
    public async Task An_image_in_a_directory_is_carried_to_a_registry_before_it_serves()
    {
        await using var place = new Workplace();
        var output = (await place.BuildAsync("BakeImage", "--image-output", "oci-layout")).ShouldExit(0).Output;
        var layout = Path.Combine(place.Artifacts, "tiny-gemma-2", "image");
        output.ShouldContain($"skopeo copy --preserve-digests oci:{layout}:latest docker://local-docker.pkg.dev/preheat-local/preheat/tiny-gemma-2:latest");
        var digest = place.Output("tiny-gemma-2", "BakeImage").GetProperty("digest").GetString()!;
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(layout, "index.json"))).RootElement.GetProperty("manifests").EnumerateArray()
            .ShouldContain(entry => entry.GetProperty("digest").GetString() == digest);

        // Known before anything runs, and from the receipt where the option is not given.
        foreach (var arguments in new string[][] { ["Deploy", "--image-output", "oci-layout"], ["RenderManifests", "--skip", "ResolveModel", "BakeImage"] })
        {
            output = (await place.BuildAsync(arguments)).ShouldExit(2).Output;
            output.ShouldContain("RenderManifests");
            output.ShouldContain("nodes pull");
            output.ShouldContain("without --image-output");
        }

        var registry = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(place.State, "endpoint.json"))).RootElement.GetProperty("registry").GetString()!;
        var carried = $"docker://{new Uri(registry).Authority}/preheat-local/preheat/tiny-gemma-2:latest";
        using (var skopeo = Process.Start("skopeo", ["copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", $"oci:{layout}:latest", carried]))
        {
            await skopeo.WaitForExitAsync();
            skopeo.ExitCode.ShouldBe(0);
        }
        output = (await place.BuildAsync("BakeImage")).ShouldExit(0).Output;
        output.ShouldContain("(0 bytes)");
        place.Output("tiny-gemma-2", "BakeImage").GetProperty("digest").GetString().ShouldBe(digest);
        (await place.BuildAsync("RenderManifests")).ShouldExit(0);
    }
}
