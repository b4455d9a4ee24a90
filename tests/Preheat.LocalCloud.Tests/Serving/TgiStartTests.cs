namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>The launcher of Text Generation Inference: its command line, its environment, what it refuses.</summary>
public sealed class TgiStartTests
{
    [Theory]
    [InlineData("--served-model-name x", "error: unexpected argument '--served-model-name' found")]
    [InlineData("--max_total_tokens 100", "error: unexpected argument '--max_total_tokens' found")]
    [InlineData("--max-total 100", "error: unexpected argument '--max-total' found")]
    [InlineData("extra", "error: unexpected argument 'extra' found")]
    [InlineData("--num-shard", "error: a value is required for '--num-shard <NUM_SHARD>' but none was supplied")]
    [InlineData("--num-shard --port 1", "error: a value is required for '--num-shard <NUM_SHARD>' but none was supplied")]
    [InlineData("--num-shard=two", "error: invalid value 'two' for '--num-shard <NUM_SHARD>': invalid digit found in string")]
    [InlineData("-p 70000", "error: invalid value '70000' for '--port <PORT>': 70000 is not in 0..=65535")]
    [InlineData("-p 80 --port=81", "error: the argument '--port <PORT>' cannot be used multiple times")]
    [InlineData("--dtype float32", "error: invalid value 'float32' for '--dtype <DTYPE>'")]
    [InlineData("--json-output=yes", "error: unexpected value 'yes' for '--json-output' found; no more were accepted")]
    [InlineData("--cuda-memory-fraction half", "error: invalid value 'half' for '--cuda-memory-fraction <CUDA_MEMORY_FRACTION>': invalid float literal")]
    public async Task Ends_with_claps_words_for_a_bad_command_line(string flags, string message)
    {
        await using var server = new TestServer();
        (await server.ExitCodeAsync(["text-generation-launcher", "--model-id", TestServer.ModelPath, .. flags.Split(' ')])).ShouldBe(2);
        server.Log[0].ShouldBe(message);
        server.Log[^1].ShouldBe("For more information, try '--help'.");
    }

    [Fact]
    public async Task A_variable_stands_for_a_flag_and_is_held_to_the_same_rules()
    {
        await using var server = new TestServer();
        server.Environment["PORT"] = "tcp://10.0.0.1:80";
        (await server.ExitCodeAsync("/tgi-entrypoint.sh")).ShouldBe(2);
        server.Log[0].ShouldBe("error: invalid value 'tcp://10.0.0.1:80' for '--port <PORT>': invalid digit found in string");
    }

    [Fact]
    public async Task Starts_from_its_environment_alone_as_the_image_has_it()
    {
        await using var server = new TestServer();
        server.Environment["MODEL_ID"] = TestServer.ModelPath;
        server.Environment["PORT"] = "8000";
        server.Environment["HOSTNAME"] = "tiny-0";
        server.Environment["TRUST_REMOTE_CODE"] = "false";
        await server.ListenAsync("/tgi-entrypoint.sh");
        var log = string.Join('\n', server.Log);
        foreach (var line in new[] { "text_generation_launcher: Args {", "trust_remote_code: false,", "Files are already present on the host. Skipping download.", "Shard ready in", "Invalid hostname, defaulting to 0.0.0.0", "server.rs:2298: Connected" })
            log.ShouldContain(line);
        foreach (var phase in new[] { "import", "weights", "compile" })
            log.ShouldContain($"[preheat] phase={phase} simulated_seconds=");
    }

    [Fact]
    public async Task The_entrypoint_splits_its_arguments_at_blanks()
    {
        await using var server = new TestServer();
        (await server.ExitCodeAsync("/tgi-entrypoint.sh", "--model-id my model")).ShouldBe(2);
        server.Log[0].ShouldBe("error: unexpected argument 'model' found");
    }

    [Theory]
    [InlineData("--num-shard 2", "Error: ShardCannotStart")]
    [InlineData("--num-shard 0", "Error: ArgumentValidation(\"`num_shard` cannot be < 1\")")]
    [InlineData("--sharded true", "Error: NotEnoughCUDADevices(\"`sharded` is true but only found 1 CUDA devices\")")]
    [InlineData("--max-input-tokens 100 --max-total-tokens 100", "Error: ArgumentValidation(\"`max_input_tokens`(100) must be < `max_total_tokens`(100)\")")]
    [InlineData("--validation-workers 0", "Error: ArgumentValidation(\"`validation_workers` must be > 0\")")]
    [InlineData("--max-batch-prefill-tokens 4000 --max-batch-total-tokens 100", "Error: ArgumentValidation(\"`max_batch_prefill_tokens` must be <= `max_batch_total_tokens`. Given: 4000 and 100\")")]
    [InlineData("--max-batch-prefill-tokens 100 --max-batch-total-tokens 1000 --max-total-tokens 2000", "Error: WebserverFailed")]
    [InlineData("--model-id /models/none", "Error: DownloadError")]
    public async Task Ends_when_what_is_asked_cannot_be(string flags, string last)
    {
        await using var server = new TestServer();
        string[] model = flags.Contains("--model-id", StringComparison.Ordinal) ? [] : ["--model-id", TestServer.ModelPath];
        (await server.ExitCodeAsync(["text-generation-launcher", .. model, .. flags.Split(' ')])).ShouldBe(1);
        server.Log[^1].ShouldBe(last);
    }

    [Fact]
    public async Task Damaged_weights_end_the_shard()
    {
        await using var server = new TestServer();
        File.Delete(server.Model.File(TinyModel.SecondShard));
        (await server.ExitCodeAsync("text-generation-launcher", "--model-id", TestServer.ModelPath)).ShouldBe(1);
        server.Log[^1].ShouldBe("Error: ShardCannotStart");
        server.Log[^2].ShouldContain(TinyModel.SecondShard);
    }

    [Fact]
    public async Task Logs_as_JSON_and_hides_its_key()
    {
        await using var server = new TestServer();
        await server.ListenAsync("text-generation-launcher", "--model-id", TestServer.ModelPath, "-p8000", "--json-output", "--api-key=sesame");
        var line = System.Text.Json.JsonDocument.Parse(server.Log.First(l => l.Contains("Connected", StringComparison.Ordinal))).RootElement;
        line.GetProperty("target").GetString().ShouldBe("text_generation_router");
        line.GetProperty("fields").GetProperty("message").GetString().ShouldBe("Connected");
        string.Join('\n', server.Log).ShouldNotContain("sesame");
        (await server.Client.GetAsync("/info")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
        (await server.Client.GetAsync("/health")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "sesame");
        (await server.Client.GetAsync("/info")).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
    }
}
