using Preheat.Doctor;
using Preheat.Models;
using Preheat.Tests.Models;

namespace Preheat.Tests.Doctor;

public sealed class PrerequisitesTests : IDisposable
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:1");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Finds_nothing_wrong_here_and_makes_nothing()
    {
        var findings = await CheckAsync("hf://preheat/tiny-gemma-2", Nowhere);
        findings.Select(finding => finding.Name).ShouldBe([".NET", "memory", "artifacts", "state", "disk", "loopback", "embedded cloud", "model"]);
        findings.Where(finding => !finding.Passed).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(_folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_folder_under_a_file_cannot_be_written()
    {
        File.WriteAllText(_folder["artifacts"], "a file");
        var finding = await FindingAsync("artifacts", "hf://preheat/tiny-gemma-2", Nowhere);
        finding.Detail.ShouldContain("cannot be written");
        finding.Remedy.ShouldNotBeNull().ShouldContain("--artifacts-directory");
    }

    [Fact]
    public async Task A_models_folder_must_be_there()
    {
        (await FindingAsync("model", $"file://{_folder.Path}", Nowhere)).Passed.ShouldBeTrue();
        (await FindingAsync("model", $"file://{_folder["none"]}", Nowhere)).Remedy.ShouldNotBeNull().ShouldContain(_folder["none"]);
    }

    [Fact]
    public async Task A_hub_that_does_not_answer_is_named() =>
        (await FindingAsync("model", "hf://acme/sample", Nowhere)).Remedy.ShouldNotBeNull().ShouldContain("HF_ENDPOINT");

    [Theory]
    [InlineData(200, null, null)]
    [InlineData(401, null, "set HF_TOKEN")]
    [InlineData(403, "hf_mine", "Your token may not read it")]
    [InlineData(404, null, "Check the model's name")]
    public async Task Asks_the_hub_with_the_token(int status, string? token, string? remedy)
    {
        await using var hub = await FakeHub.StartAsync();
        hub.Refuse(status, code: null);
        var finding = await FindingAsync("model", "hf://acme/sample", new Uri(hub.Address + "/"), token is null ? null : new Secret(token));
        finding.Detail.ShouldContain($"answers {status}");
        if (remedy is null)
            finding.Remedy.ShouldBeNull();
        else
            finding.Remedy.ShouldNotBeNull().ShouldContain(remedy);
        hub.Requests.ShouldHaveSingleItem().EndsWith(" token", StringComparison.Ordinal).ShouldBe(token is not null);
    }

    private Task<IReadOnlyList<Finding>> CheckAsync(string model, Uri hub, Secret? token = null) => Prerequisites.CheckAsync(
        new(ModelReference.Parse(model), new Dictionary<string, string> { ["artifacts"] = _folder["artifacts/here"], ["state"] = _folder["state"] }, CloudRunning: false, hub, token), default);

    private async Task<Finding> FindingAsync(string name, string model, Uri hub, Secret? token = null) =>
        (await CheckAsync(model, hub, token)).Single(finding => finding.Name == name);
}
