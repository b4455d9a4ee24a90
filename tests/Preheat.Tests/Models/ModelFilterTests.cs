using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Tests.Models;

public sealed class ModelFilterTests : IDisposable
{
    private static readonly CloudEndpoints Endpoints = new() { Hub = new Uri("http://127.0.0.1:1/") };

    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("*.json", "config.json", true)]
    [InlineData("*.json", "tokenizer/config.json", true)]
    [InlineData("*.json", "config.jsonl", false)]
    [InlineData("*.json", "Config.JSON", false)]
    [InlineData("original/", "original/a/b.pth", true)]
    [InlineData("original/", "originals/b.pth", false)]
    [InlineData("model-0000?-of-*.safetensors", "model-00002-of-00004.safetensors", true)]
    [InlineData("model.Q[45]_K_M.gguf", "model.Q5_K_M.gguf", true)]
    [InlineData("model.Q[!45]_K_M.gguf", "model.Q5_K_M.gguf", false)]
    [InlineData("[config.json", "[config.json", true)]
    [InlineData("a+b.txt", "a+b.txt", true)]
    [InlineData("a.b", "axb", false)]
    public void Globs_are_read_as_the_hubs_own_tools_read_them(string glob, string path, bool matches) =>
        ModelFilter.Parse([glob], null).Includes(path).ShouldBe(matches);

    [Theory]
    [InlineData("/etc/*")]
    [InlineData("../*")]
    [InlineData("a\\b")]
    public void Refuses_what_can_match_nothing_inside(string glob) =>
        Should.Throw<UserException>(() => ModelFilter.Parse(null, [glob])).Message.ShouldContain("--model-exclude '" + glob + "'");

    [Fact]
    public void Refuses_a_range_that_runs_backwards() =>
        Should.Throw<UserException>(() => ModelFilter.Parse(["[z-a]"], null)).Message.ShouldContain("runs backwards");

    [Fact]
    public async Task What_is_excluded_is_taken_away_from_what_the_server_needs()
    {
        SampleModel.Write(_folder.Path);
        var snapshot = await ResolveAsync(null, ["README*", "LICENSE"]);

        snapshot.Files.Select(file => file.Path).ShouldBe(SampleModel.Needed.Except(["README.md", "LICENSE"]));
        _events.All.OfType<Note>().Single().Text.ShouldContain("left out 6");
    }

    [Fact]
    public async Task What_is_included_takes_the_place_of_the_choice_and_leaves_the_count_of_parameters_alone()
    {
        SampleModel.Write(_folder.Path);
        var snapshot = await ResolveAsync(["*.safetensors", "*.json", "*.gguf"], null);

        snapshot.Files.Select(file => file.Path).ShouldContain("model.Q4_K_M.gguf");
        snapshot.Files.Select(file => file.Path).ShouldContain("consolidated.safetensors");
        snapshot.Files.Select(file => file.Path).ShouldNotContain("LICENSE");
        snapshot.Files.Single(file => file.Path == "model.Q4_K_M.gguf").Size.ShouldBe(4);
        snapshot.Parameters.ShouldBe(4L * SampleModel.Elements);
    }

    [Theory]
    [InlineData("config.json", "config.json")]
    [InlineData("*00002-of*", SampleModel.SecondShard)]
    [InlineData("*.safetensors", SampleModel.FirstShard)]
    [InlineData("*.index.json", "model.safetensors.index.json")]
    public async Task What_a_server_cannot_start_without_is_not_left_out(string exclude, string named)
    {
        SampleModel.Write(_folder.Path);
        var error = await Should.ThrowAsync<UserException>(() => ResolveAsync(null, [exclude]));
        error.Message.ShouldContain("without " + named);
        error.Message.ShouldContain("--model-exclude");
    }

    [Fact]
    public async Task A_variant_can_be_chosen_in_place_of_the_model()
    {
        SampleModel.Write(_folder.Path, new(StringComparer.Ordinal)
        {
            ["config.json"] = SampleModel.Files()["config.json"],
            ["model.safetensors"] = SampleModel.Safetensors(("a", 4)),
            ["model.fp16.safetensors"] = SampleModel.Safetensors(("a", 8)),
        });
        var snapshot = await ResolveAsync(["config.json", "model.fp16.safetensors"], null);

        snapshot.Files.Select(file => file.Path).ShouldBe(["config.json", "model.fp16.safetensors"]);
        snapshot.Parameters.ShouldBe(8);
    }

    private Task<ModelSnapshot> ResolveAsync(string[]? include, string[]? exclude) => ModelResolver.ResolveAsync(
        ModelReference.Parse($"file://{_folder.Path}"), new ResolveOptions { Filter = ModelFilter.Parse(include, exclude) }, Endpoints, null, _events, TimeProvider.System, default);
}
