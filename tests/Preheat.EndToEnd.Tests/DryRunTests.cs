using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Preheat.EndToEnd.Tests;

/// <summary><c>--dry-run</c> says what would be changed, and changes nothing.</summary>
public sealed class DryRunTests
{
    [Fact]
    public async Task Tells_every_request_and_file_and_makes_none()
    {
        await using var place = new Workplace();
        var model = ModelFolder.Write(place.In("model"));
        string[] arguments = ["Verify", "--model", "file://" + model, "--load-rate", "0.1", "--load-duration", "1s", "--artifacts-directory", place.Artifacts, "--hf-token", "hf_canary"];
        string[] dry = [.. arguments, "--dry-run"];

        // Nothing is there: not even the embedded cloud is started.
        var output = (await place.RunAsync(dry)).ShouldExit(0).Output;
        output.ShouldContain("would start the embedded cloud");
        output.ShouldContain("decided when it runs");
        Directory.Exists(place.State).ShouldBeFalse();
        Directory.Exists(place.Artifacts).ShouldBeFalse();

        // The cloud runs, the model is not baked.
        (await place.RunAsync(["ResolveModel", .. arguments[1..]])).ShouldExit(0);
        output = await UnchangedAsync(place, dry);
        output.ShouldContain("would send POST https://local-docker.pkg.dev/v2/preheat-local/preheat/model/blobs/uploads/");
        output.ShouldContain("would send PATCH https://local-docker.pkg.dev/v2/preheat-local/preheat/model/blobs/uploads/");
        output.ShouldContain("would send PUT https://local-docker.pkg.dev/v2/preheat-local/preheat/model/manifests/latest");
        output.ShouldContain("BakeImage.json");
        output.ShouldContain("RenderManifests: decided when it runs");

        // All is there.
        (await place.RunAsync(arguments)).ShouldExit(0);
        output = await UnchangedAsync(place, dry);
        output.ShouldContain("Deploy is up to date");
        output.ShouldContain("would send POST");
        output.ShouldContain("1 load requests");
        output.ShouldNotContain("/v2/");
        output.ShouldContain("configmaps/preheat-model-receipts");
        output.ShouldNotContain("would send PATCH apis");

        // Manifests change: what would be applied is told, object by object.
        output = await UnchangedAsync(place, [.. dry, "--max-model-length", "512"]);
        output.ShouldContain("would send PATCH apis/apps/v1/namespaces/default/deployments/model");
        output.ShouldContain("would send PATCH api/v1/namespaces/default/services/model");
        output.ShouldContain("would send PATCH api/v1/namespaces/default/configmaps/preheat-model-revision-2");
        output.ShouldContain("deployment.yaml");
        output.ShouldContain("SmokeTest: decided when it runs");

        output = await UnchangedAsync(place, ["Teardown", .. dry[1..]]);
        output.ShouldContain("would send DELETE apis/apps/v1/namespaces/default/deployments/model");
        output.ShouldContain("would send DELETE api/v1/namespaces/default/configmaps/preheat-model-receipts");

        output = await UnchangedAsync(place, ["LocalCloudDown", .. dry[1..]]);
        output.ShouldContain("would stop the embedded cloud");
    }

    /// <summary>Runs a command and asserts that it changed neither a file nor anything in the cloud.</summary>
    private static async Task<string> UnchangedAsync(Workplace place, string[] arguments)
    {
        var (files, requests) = (Files(place), await MutationsAsync(place));
        var output = (await place.RunAsync(arguments)).ShouldExit(0).Output;
        Files(place).ShouldBe(files);
        (await MutationsAsync(place)).ShouldBe(requests);
        output.ShouldNotContain("hf_canary");
        return output;
    }

    private static List<string> Files(Workplace place) =>
    [
        .. new[] { place.Artifacts, Path.Combine(place.State, "registry") }
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))}")
            .Order(StringComparer.Ordinal),
    ];

    private static async Task<List<string>> MutationsAsync(Workplace place)
    {
        var endpoint = JsonDocument.Parse(File.ReadAllText(Path.Combine(place.State, "endpoint.json"))).RootElement;
        using var admin = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", endpoint.GetProperty("adminToken").GetString()) } };
        var counts = JsonDocument.Parse(await admin.GetStringAsync(new Uri(new Uri(endpoint.GetProperty("gateway").GetString()!), "/admin/requests"))).RootElement;
        return [.. counts.EnumerateObject().SelectMany(listener => listener.Value.EnumerateObject()
            .Where(method => method.Name is not ("GET" or "HEAD") && !method.Name.EndsWith(" (dry run)", StringComparison.Ordinal))
            .Select(method => $"{listener.Name} {method.Name} {method.Value}"))];
    }
}
