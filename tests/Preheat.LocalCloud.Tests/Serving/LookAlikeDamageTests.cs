using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>A damaged model: the server says what is wrong and ends with 1.</summary>
public sealed class LookAlikeDamageTests
{
    [Fact]
    public async Task Refuses_a_shard_cut_short() =>
        await RefusesAsync(m =>
        {
            using var file = File.OpenWrite(m.File(TinyModel.SecondShard));
            file.SetLength(file.Length - 1);
        }, "MetadataIncompleteBuffer");

    [Fact]
    public async Task Refuses_a_shard_with_more_bytes_than_its_header_says() =>
        await RefusesAsync(m => File.AppendAllText(m.File(TinyModel.SecondShard), "x"), "MetadataIncompleteBuffer");

    [Fact]
    public async Task Refuses_a_shard_shorter_than_its_length_field() => await RefusesAsync(m => File.WriteAllText(m.File(TinyModel.FirstShard), "short"), "HeaderTooSmall");

    [Fact]
    public async Task Refuses_a_header_that_claims_more_than_the_file() =>
        await RefusesAsync(m => File.WriteAllBytes(m.File(TinyModel.FirstShard), [0xff, 0xff, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']), "InvalidHeaderLength");

    [Fact]
    public async Task Refuses_a_header_beyond_the_limit() =>
        await RefusesAsync(m => File.WriteAllBytes(m.File(TinyModel.FirstShard), [0, 0, 0, 0, 1, 0, 0, 0, (byte)'{', (byte)'}']), "HeaderTooLarge");

    [Fact]
    public async Task Refuses_a_header_whose_shape_and_bytes_differ() =>
        await RefusesAsync(m => Lie(m, t => t["shape"] = new JsonArray(31, 16)), "TensorInvalidInfo");

    [Fact]
    public async Task Refuses_a_header_with_a_hole() =>
        await RefusesAsync(m => Lie(m, t => t["data_offsets"] = new JsonArray(32, 1056)), "InvalidOffset");

    [Fact]
    public async Task Refuses_a_header_with_an_unknown_type() => await RefusesAsync(m => Lie(m, t => t["dtype"] = "BF17"), "unknown dtype BF17");

    [Fact]
    public async Task Refuses_an_index_that_names_a_missing_file() =>
        await RefusesAsync(m => File.Delete(m.File(TinyModel.SecondShard)), "No such file or directory: \"/models/tiny/model-00002-of-00002.safetensors\"");

    [Fact]
    public async Task Refuses_an_index_that_escapes_the_folder() =>
        await RefusesAsync(m => m.WriteJson("model.safetensors.index.json", new JsonObject { ["weight_map"] = new JsonObject { ["x"] = "../../etc/passwd" } }), "No such file or directory");

    [Fact]
    public async Task Refuses_an_index_and_shards_that_disagree() =>
        await RefusesAsync(m => m.WriteShard(TinyModel.SecondShard, [TinyModel.Tensor("model.layers.1.mlp.up_proj.weight", 32, 16)]), "'model.norm.weight'");

    [Fact]
    public async Task Refuses_a_tensor_that_the_index_does_not_name() =>
        await RefusesAsync(m => m.WriteShard(TinyModel.SecondShard, [TinyModel.Tensor("model.layers.1.mlp.up_proj.weight", 32, 16), TinyModel.Tensor("model.norm.weight", 16), TinyModel.Tensor("extra", 1)]), "'extra'");

    [Fact]
    public async Task Refuses_an_architecture_it_does_not_know() =>
        await RefusesAsync(m => m.WriteJson("config.json", With(c => c["architectures"] = new JsonArray("BertModel"))), "Model architectures ['BertModel'] are not supported for now.");

    [Fact]
    public async Task Refuses_a_configuration_with_other_dimensions() =>
        await RefusesAsync(m => m.WriteJson("config.json", With(c => c["hidden_size"] = 32)), "model.embed_tokens.weight has shape [64, 16]");

    [Fact]
    public async Task Refuses_a_configuration_that_is_no_JSON() => await RefusesAsync(m => File.WriteAllText(m.File("config.json"), "{"), "not a valid JSON file");

    private static async Task RefusesAsync(Action<TinyModel> damage, string message)
    {
        await using var server = new TestServer();
        damage(server.Model);

        (await server.ExitCodeOfModelAsync()).ShouldBe(1);

        server.Log[^1].ShouldContain(message);
    }

    private static void Lie(TinyModel model, Action<JsonObject> change) => model.WriteShard(
        TinyModel.SecondShard,
        [TinyModel.Tensor("model.layers.1.mlp.up_proj.weight", 32, 16), TinyModel.Tensor("model.norm.weight", 16)],
        header =>
        {
            change(header["model.layers.1.mlp.up_proj.weight"]!.AsObject());
            return header;
        });

    private static JsonObject With(Action<JsonObject> change)
    {
        var config = TinyModel.Config();
        change(config);
        return config;
    }
}
