using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Preheat.Testing;

namespace Preheat.EndToEnd.Tests;

/// <summary>Ctrl+C: the run ends with 130, keeps what is finished, and the same command goes on.</summary>
public sealed class InterruptTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task During_the_load_test_leaves_a_report_that_says_so_and_all_receipts(string signal)
    {
        await using var place = new Workplace();
        var model = ModelFolder.Write(place.In("model"));
        string[] arguments = ["--model", "file://" + model, "--artifacts-directory", place.Artifacts];
        using var build = place.Start(["Verify", .. arguments, "--load-duration", "300s"]);
        var output = build.StandardOutput.ReadToEndAsync();
        await UntilAsync(() => Log(place).Any(line => Text(line, "type") == "state-changed" && Text(line, "subject") == "load"), build);
        await SignalAsync(build, signal);
        await build.WaitForExitAsync(new CancellationTokenSource(Limit).Token);
        var said = await output;
        build.ExitCode.ShouldBe(130, said);
        said.ShouldContain("Interrupted: stopping what runs.");

        place.Json("model", "load.json").GetProperty("interrupted").GetBoolean().ShouldBeTrue();
        await RunSchema.ShouldHoldAsync(place, "model");
        var run = place.Json("model", "run.json");
        run.GetProperty("outcome").GetString().ShouldBe("interrupted");
        run.GetProperty("exitCode").GetInt32().ShouldBe(130);
        run.GetProperty("steps").EnumerateArray().Last().GetProperty("result").GetString().ShouldBe("interrupted");
        File.Exists(Path.Combine(place.Artifacts, "model", "LoadTest.json")).ShouldBeFalse("half a measurement is none");
        File.Exists(Path.Combine(place.State, "endpoint.json")).ShouldBeTrue("the embedded cloud goes on");

        if (signal != "INT")
            return;
        (await place.RunAsync(["LoadTest", .. arguments, "--load-rate", "0.1", "--load-duration", "1s"])).ShouldExit(0);
        place.Steps("model").Where(step => step.Key != "LoadTest").ShouldAllBe(step => step.Value);
    }

    [Fact]
    public async Task During_the_bake_tags_nothing_and_sends_no_finished_layer_again()
    {
        await using var place = new Workplace();
        var model = SmallModel.Write(place.In("model"), furtherShards: 4);
        string[] arguments = ["BakeImage", "--model", "file://" + model, "--artifacts-directory", place.Artifacts];
        (await place.RunAsync(["ResolveModel", .. arguments[1..]])).ShouldExit(0);
        using var admin = Admin(place);
        // Two layers arrive, the others hang.
        await FaultAsync(admin, new { prefix = "/v2/", method = "PATCH", times = 2 });
        await FaultAsync(admin, new { prefix = "/v2/", method = "PATCH", latencyMilliseconds = 600_000, times = 0 });
        using var build = place.Start(arguments);
        var output = build.StandardOutput.ReadToEndAsync();
        await UntilAsync(() => Access(place).Count(line => Text(line, "path")!.Contains("/blobs/uploads/", StringComparison.Ordinal) && Text(line, "method") == "PUT") == 2, build);
        await SignalAsync(build, "INT");
        await build.WaitForExitAsync(new CancellationTokenSource(Limit).Token);
        build.ExitCode.ShouldBe(130, await output);
        Access(place).ShouldNotContain(line => Text(line, "path")!.Contains("/manifests/", StringComparison.Ordinal), "nothing is tagged");
        File.Exists(Path.Combine(place.Artifacts, "model", "BakeImage.json")).ShouldBeFalse();

        (await admin.DeleteAsync(new Uri("/admin/faults", UriKind.Relative))).EnsureSuccessStatusCode();
        (await place.RunAsync(arguments)).ShouldExit(0);
        var committed = Access(place).Where(line => Text(line, "method") == "PUT" && line.GetProperty("status").GetInt32() == 201).Select(line => Text(line, "digest")!).ToList();
        committed.ShouldBeUnique();
        Access(place).Count(line => Text(line, "method") == "PATCH" && line.GetProperty("status").GetInt32() == 202).ShouldBe(5, "each layer is sent once: two before, three after");
    }

    private static Task UntilAsync(Func<bool> holds, Process build) => Task.Run(async () =>
    {
        for (var began = Stopwatch.StartNew(); !holds(); await Task.Delay(20))
        {
            build.HasExited.ShouldBeFalse("the build ended before it could be interrupted");
            began.Elapsed.ShouldBeLessThan(Limit);
        }
    });

    private static async Task SignalAsync(Process build, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{build.Id}"]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }

    private static HttpClient Admin(Workplace place)
    {
        var endpoint = JsonDocument.Parse(File.ReadAllText(Path.Combine(place.State, "endpoint.json"))).RootElement;
        return new HttpClient
        {
            BaseAddress = new Uri(Text(endpoint, "gateway")!),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Text(endpoint, "adminToken")) },
        };
    }

    private static async Task FaultAsync(HttpClient admin, object rule) => (await admin.PostAsJsonAsync(new Uri("/admin/faults", UriKind.Relative), rule)).EnsureSuccessStatusCode();

    private static List<JsonElement> Log(Workplace place) => Lines(Path.Combine(place.Artifacts, "model", "log.jsonl"));

    private static List<JsonElement> Access(Workplace place) => Lines(Path.Combine(place.State, "registry", "access.jsonl"));

    private static List<JsonElement> Lines(string path)
    {
        if (!File.Exists(path))
            return [];
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var text = reader.ReadToEnd();
        // A last line without its end is being written.
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
