using System.Diagnostics;
using System.Text.Json;
using Nuke.Common;
using Nuke.Common.IO;
using Preheat.Engine.Tests.BothWorlds;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class SchemaTests : BuildRunTests
{
    /// <summary>Names by which a CI service is known.</summary>
    private static readonly string[] Services = ["CI", "GITHUB_ACTIONS", "TF_BUILD", "JENKINS_URL", "NUKE_HOST"];

    [Fact]
    public async Task The_committed_schema_is_what_the_build_writes()
    {
        var start = new ProcessStartInfo("dotnet", [Repository.Output("build", "_build.dll"), "--help"]) { WorkingDirectory = _run.Root, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var name in Services)
        {
            start.Environment.Remove(name);
        }

        using var process = Process.Start(start)!;
        await process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        var committed = File.ReadAllText(Path.Combine(Repository.Root, ".nuke", "build.schema.json"));
        committed.ShouldBe(File.ReadAllText(Schema), "The schema is stale: run './build.sh --help' and commit .nuke/build.schema.json.");
    }

    [Fact]
    public void Names_targets_hosts_and_all_parameters_with_their_types()
    {
        _run.Run<Sample>("--help").ShouldBe(0);
        using var schema = JsonDocument.Parse(File.ReadAllText(Schema));
        var root = schema.RootElement;
        root.GetProperty("$schema").GetString().ShouldBe("http://json-schema.org/draft-04/schema#");
        root.GetProperty("definitions").EnumerateObject().Select(definition => definition.Name).ShouldBe(["Host", "ExecutableTarget", "Verbosity", "NukeBuild"]);
        Text(root.GetProperty("definitions").GetProperty("ExecutableTarget")).ShouldBe("""{"type":"string","enum":["Pack","Test"]}""");
        var own = root.GetProperty("allOf")[0].GetProperty("properties");
        own.EnumerateObject().Select(property => property.Name).ShouldBe(["Colours", "Count", "Fast", "Level", "Output", "Rates", "Token"]);
        Text(own.GetProperty("Count")).ShouldBe("""{"type":["integer","null"],"format":"int32","description":"How many"}""");
        Text(own.GetProperty("Fast")).ShouldBe("""{"type":"boolean"}""");
        Text(own.GetProperty("Level")).ShouldBe("""{"type":"string","enum":["Verbose","Normal","Minimal","Quiet"]}""");
        Text(own.GetProperty("Output")).ShouldBe("""{"type":"string"}""");
        Text(own.GetProperty("Rates")).ShouldBe("""{"type":"array","items":{"type":"number","format":"double"}}""");
        Text(own.GetProperty("Colours")).ShouldBe("""{"type":"array","items":{"type":"string","enum":["green","red"]}}""");
        own.GetProperty("Token").GetProperty("default").GetString().ShouldBe("Secrets do not belong into a file: set NUKE_TOKEN in the environment");
        Text(root.GetProperty("allOf")[1]).ShouldBe("""{"$ref":"#/definitions/NukeBuild"}""");
        var engine = root.GetProperty("definitions").GetProperty("NukeBuild").GetProperty("properties");
        engine.GetProperty("Skip").GetProperty("items").GetProperty("$ref").GetString().ShouldBe("#/definitions/ExecutableTarget");
        engine.GetProperty("Host").GetProperty("$ref").GetString().ShouldBe("#/definitions/Host");
    }

    [Fact]
    public void Writes_the_file_only_when_it_changed_and_leaves_nothing_else_behind()
    {
        _run.Run<Sample>("Pack").ShouldBe(0, _run.Output);
        var written = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(Schema, written);
        _run.Run<Sample>("Pack").ShouldBe(0);
        File.GetLastWriteTimeUtc(Schema).ShouldBe(written);
        File.WriteAllText(Schema, "{}");
        _run.Run<Sample>("Pack").ShouldBe(0);
        File.ReadAllText(Schema).ShouldContain("\"Pack\"");
        Directory.GetFiles(Path.Combine(_run.Root, ".nuke")).ShouldBe([Schema]);
    }

    [Fact]
    public void Writes_nothing_on_a_CI_service()
    {
        _run.Variables["CI"] = "true";
        _run.Run<Sample>("Pack").ShouldBe(0, _run.Output);
        File.Exists(Schema).ShouldBeFalse();
    }

    [Fact]
    public void Shows_help_where_there_is_no_repository()
    {
        Directory.Delete(Path.Combine(_run.Root, ".nuke"));
        _run.Run<Sample>("--help").ShouldBe(0, _run.Output);
        Directory.GetFileSystemEntries(_run.Root).ShouldBeEmpty();
    }

    private string Schema => Path.Combine(_run.Root, ".nuke", "build.schema.json");

    private static string Text(JsonElement element) => JsonSerializer.Serialize(element);

    private sealed class Sample : RecordingBuild
    {
        [Parameter("How many.")] private readonly int? Count;
        [Parameter] private readonly bool Fast;
        [Parameter] private readonly Verbosity Level;
        [Parameter] private readonly AbsolutePath? Output;
        [Parameter] private readonly double[]? Rates;
        [Parameter(ValueProviderMember = nameof(Known))] private readonly string[]? Colours;
        [Parameter, Secret] private readonly string? Token;

        private static IEnumerable<string> Known => ["red", "green"];

        private Target Test => _ => _;

        private Target Pack => _ => _.Executes(() => Ran.Add($"{Count}{Fast}{Level}{Output}{Rates}{Colours}{Token}"));
    }
}
