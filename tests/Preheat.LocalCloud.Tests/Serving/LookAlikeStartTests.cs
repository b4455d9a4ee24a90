using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Tests.Serving;

public sealed class LookAlikeStartTests
{
    [Fact]
    public async Task Logs_each_phase_of_the_start_for_people_and_for_programs()
    {
        await using var server = await TestServer.StartedAsync();

        foreach (var phase in new[] { "import", "weights", "compile" })
        {
            server.Log.ShouldContain(l => System.Text.RegularExpressions.Regex.IsMatch(l, $@"^\[preheat\] phase={phase} simulated_seconds=\d+\.\d{{3}} seconds=\d+\.\d{{3}}$"));
        }

        server.Log.ShouldContain(l => l.EndsWith("vLLM API server version 0.11.1"));
        server.Log.ShouldContain(l => l.Contains("Maximum concurrency for 8,192 tokens per request:"));
        server.Log[^1].ShouldEndWith("Application startup complete.");
    }

    [Fact]
    public async Task Listens_on_the_given_port_only_and_stops_with_0()
    {
        await using var server = new TestServer();
        await server.ListenAsync("vllm", "serve", TestServer.ModelPath);
        server.Container.Address(8001).ShouldBeNull();

        await server.Container.StopAsync(TimeSpan.FromSeconds(10));

        (await server.Container.Exited).ShouldBe(0);
        server.Container.Address(8000).ShouldBeNull();
    }

    [Fact]
    public async Task Stopping_waits_for_requests_under_way_and_no_longer_than_the_grace()
    {
        await using var server = await TestServer.StartedAsync();
        var patient = server.PostAsync("/v1/completions", new { model = "alias", prompt = "drain", max_tokens = 1500, ignore_eos = true });
        await server.MetricBecomesAsync("vllm:num_requests_running", 1);
        await server.Container.StopAsync(TimeSpan.FromMinutes(1));
        (await patient).GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(1500);
        (await server.Container.Exited).ShouldBe(0);

        await using var hurried = await TestServer.StartedAsync();
        var cut = hurried.PostAsync("/v1/completions", new { model = "alias", prompt = "cut", max_tokens = 8000, ignore_eos = true });
        await hurried.MetricBecomesAsync("vllm:num_requests_running", 1);
        await hurried.Container.StopAsync(TimeSpan.FromMilliseconds(20));
        (await hurried.Container.Exited).ShouldBe(137);
        await Should.ThrowAsync<Exception>(cut);
    }

    [Theory]
    [InlineData("python3 -m vllm.entrypoints.openai.api_server --modle /models/tiny", "api_server.py: error: unrecognized arguments: --modle /models/tiny")]
    [InlineData("python3 -m vllm.entrypoints.openai.api_server --modle=/models/tiny", "api_server.py: error: unrecognized arguments: --modle=/models/tiny")]
    [InlineData("vllm serve /models/tiny --frobnicate", "vllm: error: unrecognized arguments: --frobnicate")]
    [InlineData("vllm serve /models/tiny --port eighty", "vllm: error: argument --port: invalid check_port value: 'eighty'")]
    [InlineData("vllm serve /models/tiny --max-num-seqs 4.5", "vllm: error: argument --max-num-seqs: invalid int value: '4.5'")]
    [InlineData("vllm serve /models/tiny --dtype int9", "vllm: error: argument --dtype: invalid choice: 'int9' (choose from 'auto', 'bfloat16', 'float', 'float16', 'float32', 'half')")]
    [InlineData("vllm serve /models/tiny --gpu-memory-utilization", "vllm: error: argument --gpu-memory-utilization: expected one argument")]
    [InlineData("vllm serve /models/tiny --enforce-eager=yes", "vllm: error: argument --enforce-eager: ignored explicit argument 'yes'")]
    [InlineData("vllm serve /models/tiny --model-loader-extra-config {x}", "vllm: error: argument --model-loader-extra-config: Value {x} cannot be converted to <function loads>.")]
    [InlineData("python3 -m vllm.entrypoints.api_server --model /models/tiny --api-key x", "api_server.py: error: unrecognized arguments: --api-key x")]
    public async Task Refuses_a_bad_command_line_with_2(string argv, string message)
    {
        await using var server = new TestServer();

        (await server.ExitCodeAsync(argv.Split(' '))).ShouldBe(2);

        server.Log[^1].ShouldBe(message);
    }

    [Theory]
    [InlineData("0.11.1", "--disable-log-requests", true)]
    [InlineData("0.18.0", "--disable-log-requests", false)]
    [InlineData("0.10.0", "--enable-log-requests", false)]
    [InlineData("0.11.1", "--no-enable-prefix-caching", true)]
    [InlineData("0.5.4", "--no-enable-prefix-caching", false)]
    [InlineData("0.11.1", "--max_num_seqs=8", true)]
    [InlineData("0.11.1", "--max-num-batched-tokens 4k", true)]
    [InlineData("0.11.1", "--model-loader-extra-config.distributed true", true)]
    [InlineData("0.6.3", "--enable-chunked-prefill false", true)]
    public async Task Knows_the_flags_of_each_version(string version, string flags, bool known)
    {
        await using var server = new TestServer();
        server.Environment["VLLM_VERSION"] = version;
        if (known)
        {
            await server.ListenAsync(["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", TestServer.ModelPath, .. flags.Split(' ')]);
        }
        else
        {
            (await server.ExitCodeOfModelAsync(flags.Split(' '))).ShouldBe(2);
        }
    }

    [Fact]
    public async Task Runs_the_reference_command_line_of_the_streamer_and_proves_the_streaming()
    {
        await using var server = new TestServer();
        await server.ListenAsync(
            "python3", "-m", "vllm.entrypoints.openai.api_server", $"--model={TestServer.ModelPath}", "--load-format=runai_streamer", "--model-loader-extra-config={\"distributed\":true}",
            "--host=0.0.0.0", "--port=8000", "--disable-log-requests", "--tensor-parallel-size=1");

        server.Log.ShouldContain(l => l.StartsWith("[RunAI Streamer] Overall time to stream 0.0 GiB of all files: "));
        server.Log.ShouldContain(l => l.Contains("argument '--disable-log-requests' is deprecated"));
    }

    [Fact]
    public async Task The_model_flag_of_vllm_serve_depends_on_the_version()
    {
        await using var server = new TestServer();
        server.Environment["VLLM_VERSION"] = "0.10.2";
        (await server.ExitCodeAsync("vllm", "serve", "--model", TestServer.ModelPath)).ShouldBe(1);
        server.Log[^1].ShouldStartWith("ValueError: With `vllm serve`, you should provide the model as a positional argument");

        server.Environment["VLLM_VERSION"] = "0.11.1";
        await server.ListenAsync("vllm", "serve", "--model", TestServer.ModelPath);
    }

    [Fact]
    public async Task Refuses_a_load_format_that_does_not_exist()
    {
        await using var server = new TestServer();
        (await server.ExitCodeOfModelAsync("--load-format", "fast")).ShouldBe(1);
        server.Log[^1].ShouldStartWith("ValueError: Load format `fast` is not supported.");
    }

    [Fact]
    public async Task The_version_installed_in_the_image_counts_before_the_environment()
    {
        await using var server = new TestServer();
        var info = Directory.CreateDirectory(server.Root + "/usr/local/lib/python3.12/dist-packages/vllm-0.9.2.dist-info");
        File.WriteAllText(info + "/METADATA", "Metadata-Version: 2.4\nName: vllm\nVersion: 0.9.2\n\nVersion: 9.9.9\n");
        server.Environment["VLLM_VERSION"] = "0.11.1";
        await server.ListenAsync("vllm", "serve", TestServer.ModelPath);

        (await server.Client.GetStringAsync("/version")).ShouldBe("{\"version\":\"0.9.2\"}");
    }

    [Fact]
    public async Task Refuses_a_model_that_does_not_exist()
    {
        await using var server = new TestServer();
        (await server.ExitCodeAsync("vllm", "serve", "/models/none")).ShouldBe(1);
        server.Log[^1].ShouldContain("'/models/none'");
    }

    [Fact]
    public async Task A_model_id_needs_a_hub_or_its_cache()
    {
        await using var offline = new TestServer();
        offline.Environment["HF_HUB_OFFLINE"] = "1";
        (await offline.ExitCodeAsync("vllm", "serve", "org/tiny")).ShouldBe(1);
        offline.Log[^1].ShouldStartWith("huggingface_hub.errors.LocalEntryNotFoundError:");

        await using var cached = new TestServer();
        cached.Environment["HF_HUB_OFFLINE"] = "1";
        cached.Environment["HF_HOME"] = "/model-cache";
        var repository = cached.Root + "/model-cache/hub/models--org--tiny";
        Directory.CreateDirectory(repository + "/refs");
        File.WriteAllText(repository + "/refs/main", "abc123");
        Directory.CreateDirectory(repository + "/snapshots/abc123");
        foreach (var file in Directory.GetFiles(cached.Model.Folder))
        {
            File.CreateSymbolicLink($"{repository}/snapshots/abc123/{Path.GetFileName(file)}", $"../../../../../models/tiny/{Path.GetFileName(file)}");
        }

        await cached.ListenAsync("vllm", "serve", "org/tiny");
        (await cached.Client.GetStringAsync("/v1/models")).ShouldContain("\"id\":\"org/tiny\"");
    }

    [Fact]
    public async Task Paths_and_links_never_leave_the_container()
    {
        await using var server = new TestServer();
        var outside = Directory.CreateTempSubdirectory("preheat-outside-");
        try
        {
            _ = new TinyModel(outside.FullName);
            File.CreateSymbolicLink(server.Root + "/link", outside.FullName);
            File.CreateSymbolicLink(Directory.CreateDirectory(server.Root + "/linked") + "/config.json", outside.FullName + "/config.json");

            (await server.ExitCodeAsync("vllm", "serve", "/link")).ShouldBe(1);
            (await server.ExitCodeAsync("vllm", "serve", "/linked")).ShouldBe(1);
            server.Log[^1].ShouldContain("(config.json)");
            (await server.ExitCodeAsync("vllm", "serve", $"/../..{outside.FullName}")).ShouldBe(1);

            server.Mounts["/data"] = outside.FullName;
            await server.ListenAsync("vllm", "serve", "/data/../data/.");
        }
        finally
        {
            outside.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Needs_an_accelerator_and_no_more_of_them_than_there_are()
    {
        await using var server = new TestServer { AcceleratorCount = 0 };
        (await server.ExitCodeOfModelAsync()).ShouldBe(1);
        server.Log[^1].ShouldStartWith("RuntimeError: Failed to infer device type");

        server.AcceleratorCount = 1;
        (await server.ExitCodeOfModelAsync("-tp", "2")).ShouldBe(1);
        server.Log.ShouldContain(l => l.StartsWith("ValueError: World size (2) is larger than the number of available GPUs (1) in this node."));

        server.AcceleratorCount = 2;
        await server.ListenAsync("vllm", "serve", TestServer.ModelPath, "-tp", "2");
    }

    [Fact]
    public async Task Refuses_a_length_that_does_not_fit()
    {
        await using var server = new TestServer();
        (await server.ExitCodeOfModelAsync("--num-gpu-blocks-override", "10")).ShouldBe(1);
        server.Log[^1].ShouldStartWith("ValueError: To serve at least one request with the models's max seq len (8192), (");
        server.Log[^1].ShouldContain("the estimated maximum model length is 160.");

        (await server.ExitCodeOfModelAsync("--max-model-len", "9000")).ShouldBe(1);
        server.Log[^1].ShouldStartWith("ValueError: User-specified max_model_len (9000) is greater than the derived max_model_len (max_position_embeddings=8192");

        (await server.ExitCodeOfModelAsync("--gpu-memory-utilization", "1.5")).ShouldBe(1);
        server.Log[^1].ShouldStartWith("ValueError: GPU memory utilization must be less than 1.0. Got 1.5.");
    }

    [Fact]
    public async Task Downloads_from_the_hub_what_is_neither_in_the_image_nor_in_a_volume()
    {
        await using var server = new TestServer();
        server.Hub = new ModelHub(server.Root + "/hub-state");
        var commit = server.Hub.Publish("acme/tiny", server.Model.Folder);
        await server.ListenAsync("vllm", "serve", "acme/tiny", "--revision", commit);

        server.Log.ShouldContain(line => line.Contains("Time spent downloading weights for acme/tiny"));
        (await server.Client.GetStringAsync("/v1/models")).ShouldContain("\"id\":\"acme/tiny\"");
    }

    [Theory]
    [InlineData(null, "main", null, "You are trying to access a gated repo. Make sure to have access to it at https://huggingface.co/acme/gated. 401")]
    [InlineData("hf_other", "main", null, "You are trying to access a gated repo. Make sure to have access to it at https://huggingface.co/acme/gated. 403")]
    [InlineData("hf_right", "v9", null, "v9 is not a valid git identifier")]
    [InlineData("hf_right", "main", "1", "Cannot find an appropriate cached snapshot folder")]
    public async Task The_hub_refuses_a_server_as_it_refuses_everybody(string? token, string revision, string? offline, string message)
    {
        await using var server = new TestServer();
        server.Hub = new ModelHub(server.Root + "/hub-state");
        server.Hub.Publish("acme/gated", server.Model.Folder, requiredToken: "hf_right");
        if (token is not null)
            server.Environment["HF_TOKEN"] = token;
        if (offline is not null)
            server.Environment["HF_HUB_OFFLINE"] = offline;
        (await server.ExitCodeAsync("vllm", "serve", "acme/gated", "--revision", revision)).ShouldBe(1);
        server.Log[^1].ShouldContain(message);
    }

    [Fact]
    public async Task Serves_the_built_in_model_of_the_hub()
    {
        await using var server = new TestServer();
        foreach (var file in TinyGemma.Open(server.Root + "/hub").Revisions[^1].Files)
        {
            File.CreateSymbolicLink($"{Directory.CreateDirectory(server.Root + "/gemma")}/{file.Path}", "/hub" + file.Source[(server.Root.Length + "/hub".Length)..]);
        }

        await server.ListenAsync("vllm", "serve", "/gemma", "--max-model-len", "2048", "--served-model-name", TinyGemma.Id);

        var answer = await server.PostAsync("/v1/chat/completions", new { model = TinyGemma.Id, messages = new[] { new { role = "user", content = "Hello" } }, max_tokens = 8 });
        answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(8);
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_while_it_starts_ends_as_Python_does()
    {
        await using var server = new TestServer();
        var starting = server.ExitCodeOfModelAsync();
        while (server.Container is null)
        {
            await Task.Delay(1);
        }

        await server.Container.StopAsync(TimeSpan.FromSeconds(5));
        (await starting).ShouldBeOneOf(143, 0);
    }
}
