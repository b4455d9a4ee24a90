using Preheat.Models;
using Preheat.Runs;

namespace Preheat.Tests.Models;

public sealed class ModelResolverTests : IDisposable
{
    private static readonly CloudEndpoints Endpoints = new() { Hub = new Uri("http://127.0.0.1:1/") };

    private readonly TemporaryFolder _folder = new();
    private readonly RecordedEvents _events = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Reads_parameters_types_and_architecture_from_headers()
    {
        SampleModel.Write(_folder.Path);
        var snapshot = await ResolveAsync();

        snapshot.Parameters.ShouldBe(4L * SampleModel.Elements);
        snapshot.WeightBytes.ShouldBe(8L * SampleModel.Elements);
        snapshot.DType.ShouldBe("BF16");
        snapshot.Architecture.ShouldBe("Gemma2ForCausalLM");
        snapshot.Name.ShouldBe(Path.GetFileName(_folder.Path));
        snapshot.Files.Select(file => file.Path).ShouldBe(SampleModel.Needed);
        _events.All.OfType<Note>().ShouldHaveSingleItem().Text.ShouldContain("left out 4: consolidated.safetensors, model.Q4_K_M.gguf");
    }

    [Fact]
    public async Task Reads_no_byte_of_a_tensor()
    {
        SampleModel.Write(_folder.Path);
        var reference = ModelReference.Parse("file://" + _folder.Path);
        using var source = new RecordingSource(ModelSources.Open(reference, Endpoints, null, TimeProvider.System));
        var snapshot = await ModelResolver.ResolveAsync(reference, new ResolveOptions(), source, _events, TimeProvider.System, default);
        foreach (var shard in snapshot.Files.Where(file => file.Path.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            var header = 8 + BitConverter.ToInt64(File.ReadAllBytes(_folder[shard.Path]).AsSpan(0, 8));
            source.Ends[shard.Path].ShouldBe(header);
            header.ShouldBeLessThan(shard.Size);
        }
    }

    [Fact]
    public async Task A_directorys_revision_changes_with_a_file_that_matters_and_with_no_other()
    {
        SampleModel.Write(_folder.Path);
        var first = await ResolveAsync();
        File.WriteAllText(_folder["pytorch_model.bin"], "another pickle");
        (await ResolveAsync()).Revision.ShouldBe(first.Revision);

        File.WriteAllText(_folder["README.md"], "# other\n");
        (await ResolveAsync()).Revision.ShouldNotBe(first.Revision);
    }

    [Fact]
    public async Task A_file_rewritten_in_place_with_its_old_size_and_time_is_another()
    {
        SampleModel.Write(_folder.Path);
        var first = await ResolveAsync();
        var path = _folder[SampleModel.FirstShard];
        var time = File.GetLastWriteTimeUtc(path);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, time);

        (await ResolveAsync()).Revision.ShouldNotBe(first.Revision);
    }

    [Fact]
    public async Task Verifying_names_every_local_file_by_its_content()
    {
        SampleModel.Write(_folder["one"]);
        SampleModel.Write(_folder["two"]);
        var quick = await ResolveAsync("one");
        var first = await VerifyAsync("one");
        var second = await VerifyAsync("two");

        quick.Files.ShouldAllBe(file => file.Sha256 == null);
        first.Files.Select(file => file.Sha256).ShouldBe(SampleModel.Needed.Select(path => SampleModel.Sha256(SampleModel.Files()[path])));
        second.Files.Select(file => file.Sha256).ShouldBe(first.Files.Select(file => file.Sha256));
        first.Files.Select(file => file.Identity).ShouldBe(quick.Files.Select(file => file.Identity));
        _events.All.OfType<Note>().ShouldContain(note => note.Text.StartsWith("Verified 8 files"));
    }

    [Fact]
    public async Task Follows_the_links_of_a_hub_cache()
    {
        SampleModel.Write(_folder["blobs"]);
        Directory.CreateDirectory(_folder["snapshots/main"]);
        foreach (var path in SampleModel.Needed)
            File.CreateSymbolicLink(_folder["snapshots/main/" + path], "../../blobs/" + path);
        var snapshot = await ResolveAsync("snapshots/main");

        snapshot.Files.Select(file => file.Path).ShouldBe(SampleModel.Needed);
        snapshot.Files.Single(file => file.Path == SampleModel.FirstShard).Size.ShouldBe(new FileInfo(_folder["blobs/" + SampleModel.FirstShard]).Length);
    }

    [Fact]
    public async Task A_model_of_one_file_needs_no_index_and_ignores_variants()
    {
        SampleModel.Write(_folder.Path, new(StringComparer.Ordinal)
        {
            ["config.json"] = SampleModel.Files()["config.json"],
            ["model.safetensors"] = SampleModel.Safetensors(("a", 4)),
            ["model.fp16.safetensors"] = SampleModel.Safetensors(("a", 4)),
        });
        (await ResolveAsync()).Files.Select(file => file.Path).ShouldBe(["config.json", "model.safetensors"]);
    }

    [Fact]
    public async Task Names_the_directory_that_does_not_exist() =>
        (await RefusedAsync("nowhere")).ShouldContain(_folder["nowhere"] + " does not exist");

    [Fact]
    public async Task Names_the_file_given_for_a_directory()
    {
        File.WriteAllText(_folder["model"], "");
        (await RefusedAsync("model")).ShouldContain("is a file, not a directory");
    }

    [Fact]
    public async Task Wants_every_shard_that_the_names_of_others_promise()
    {
        Write(files =>
        {
            files.Remove("model.safetensors.index.json");
            files.Remove(SampleModel.SecondShard);
        });
        (await RefusedAsync()).ShouldContain($"lacks {SampleModel.SecondShard}");
    }

    [Fact]
    public async Task Warns_of_a_model_without_a_tokenizer()
    {
        Write(files => files.Remove("tokenizer.json"));
        await ResolveAsync();
        _events.All.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldContain("has no tokenizer");
    }

    [Fact]
    public async Task Wants_a_config()
    {
        Write(files => files.Remove("config.json"));
        (await RefusedAsync()).ShouldContain("has no config.json");
    }

    [Fact]
    public async Task Wants_architectures_in_the_config()
    {
        Write(files => files["config.json"] = "{}"u8.ToArray());
        (await RefusedAsync()).ShouldContain("architectures");
    }

    [Fact]
    public async Task Wants_weights()
    {
        Write(files =>
        {
            foreach (var path in files.Keys.Where(path => path.Contains("safetensors") || path.EndsWith(".bin") || path.EndsWith(".pth")).ToList())
                files.Remove(path);
        });
        (await RefusedAsync()).ShouldContain("has no *.safetensors weights");
    }

    [Fact]
    public async Task Refuses_pickled_weights()
    {
        Write(files =>
        {
            foreach (var path in files.Keys.Where(path => path.Contains("safetensors")).ToList())
                files.Remove(path);
        });
        (await RefusedAsync()).ShouldContain("pickled weights only");
    }

    [Fact]
    public async Task Refuses_a_shard_cut_short()
    {
        Write(files => files[SampleModel.SecondShard] = files[SampleModel.SecondShard][..^2]);
        var message = await RefusedAsync();
        message.ShouldContain(SampleModel.SecondShard);
        message.ShouldContain("cut short");
    }

    [Fact]
    public async Task Refuses_a_shard_with_bytes_that_no_tensor_claims()
    {
        Write(files => files[SampleModel.SecondShard] = [.. files[SampleModel.SecondShard], 0]);
        (await RefusedAsync()).ShouldContain("the header lies");
    }

    [Fact]
    public async Task Refuses_an_index_that_names_a_shard_which_is_not_there()
    {
        Write(files => files.Remove(SampleModel.SecondShard));
        var message = await RefusedAsync();
        message.ShouldContain("model.safetensors.index.json");
        message.ShouldContain(SampleModel.SecondShard + ", which is not there");
    }

    [Fact]
    public async Task Refuses_an_index_that_puts_a_tensor_into_the_wrong_shard()
    {
        Write(files => files["model.safetensors.index.json"] = SampleModel.Index(new() { ["a"] = SampleModel.SecondShard, ["c"] = SampleModel.FirstShard }));
        (await RefusedAsync()).ShouldContain("puts the tensor a into " + SampleModel.SecondShard);
    }

    [Theory]
    [InlineData("../../etc/passwd.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("config.json")]
    public async Task Refuses_an_index_that_names_what_is_no_shard(string shard)
    {
        Write(files => files["model.safetensors.index.json"] = SampleModel.Index(new() { ["a"] = shard }));
        (await RefusedAsync()).ShouldContain("not the name of a safetensors file");
    }

    [Fact]
    public async Task Refuses_a_link_that_leads_nowhere()
    {
        Write(_ => { });
        File.Delete(_folder["tokenizer.json"]);
        File.CreateSymbolicLink(_folder["tokenizer.json"], "gone.json");
        (await RefusedAsync()).ShouldContain("tokenizer.json cannot be read");
    }

    [Fact]
    public async Task Refuses_links_in_a_circle()
    {
        Write(_ => { });
        File.CreateSymbolicLink(_folder["a.json"], "b.json");
        File.CreateSymbolicLink(_folder["b.json"], "a.json");
        (await RefusedAsync()).ShouldContain("cannot be read");
    }

    [Fact]
    public async Task Refuses_a_folder_that_links_to_a_folder_above_it()
    {
        Write(_ => { });
        Directory.CreateSymbolicLink(_folder["again"], _folder.Path);
        (await RefusedAsync()).ShouldContain("a folder that it is inside of");
    }

    [Fact]
    public async Task Refuses_a_name_with_a_line_break()
    {
        Write(_ => { });
        File.WriteAllText(_folder["to\nken.json"], "{}");
        (await RefusedAsync()).ShouldContain("'to?ken.json'");
    }

    [Fact]
    public async Task Refuses_a_pipe_instead_of_waiting_for_it()
    {
        Write(_ => { });
        await Images.DebianTool.RunAsync("mkfifo", _folder["extra.json"]);
        (await RefusedAsync()).ShouldContain("is not a regular file");
    }

    [Fact]
    public async Task An_embedded_model_needs_the_embedded_cloud()
    {
        var error = await Should.ThrowAsync<UserException>(
            () => ModelResolver.ResolveAsync(ModelReference.Parse("hf://preheat/tiny-gemma-2"), Endpoints, null, _events, TimeProvider.System, default));
        error.Message.ShouldContain("--cloud local");
    }

    [Fact]
    public async Task Cloud_Storage_is_not_there_yet()
    {
        var error = await Should.ThrowAsync<UserException>(
            () => ModelResolver.ResolveAsync(ModelReference.Parse("gs://bucket/model"), Endpoints, null, _events, TimeProvider.System, default));
        error.Message.ShouldContain("come with Google Cloud");
    }

    private void Write(Action<SortedDictionary<string, byte[]>> change)
    {
        var files = SampleModel.Files();
        change(files);
        SampleModel.Write(_folder.Path, files);
    }

    private Task<ModelSnapshot> ResolveAsync(string folder = "") =>
        ModelResolver.ResolveAsync(ModelReference.Parse($"file://{_folder[folder]}"), Endpoints, null, _events, TimeProvider.System, default);

    private Task<ModelSnapshot> VerifyAsync(string folder) => ModelResolver.ResolveAsync(
        ModelReference.Parse($"file://{_folder[folder]}"), new ResolveOptions { VerifyContent = true }, Endpoints, null, _events, TimeProvider.System, default);

    private async Task<string> RefusedAsync(string folder = "") => (await Should.ThrowAsync<UserException>(() => ResolveAsync(folder))).Message;
}
