using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Preheat.LocalCloud.Tests.Serving;

public sealed class LookAlikeApiTests
{
    [Fact]
    public async Task Tells_its_health_version_and_models()
    {
        await using var server = await TestServer.StartedAsync();

        (await server.Client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await server.Client.GetAsync("/ping")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await server.Client.GetStringAsync("/version")).ShouldBe("{\"version\":\"0.11.1\"}");
        var models = await server.Client.GetFromJsonAsync<JsonElement>("/v1/models");
        models.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()).ShouldBe(["org/tiny", "alias"]);
        models.GetProperty("data")[0].GetProperty("max_model_len").GetInt32().ShouldBe(8192);
        models.GetProperty("data")[0].GetProperty("root").GetString().ShouldBe(TestServer.ModelPath);
        server.Touched.ShouldBe(4);
    }

    [Theory]
    [InlineData("/v1/completions")]
    [InlineData("/v1/chat/completions")]
    public async Task A_stream_says_the_same_as_a_whole_answer(string path)
    {
        await using var server = await TestServer.StartedAsync();
        object Body(bool stream) => new
        {
            model = "alias",
            prompt = "Why is the sky blue?",
            messages = new[] { new { role = "user", content = "Why is the sky blue?" } },
            max_tokens = 30,
            stream,
            stream_options = stream ? new { include_usage = true } : null,
        };

        var whole = await server.PostAsync(path, Body(false));
        var chunks = await server.StreamAsync(path, Body(true));

        var chat = path.Contains("chat");
        var choice = whole.GetProperty("choices")[0];
        var text = chat ? choice.GetProperty("message").GetProperty("content").GetString() : choice.GetProperty("text").GetString();
        var deltas = chunks.SelectMany(c => c.GetProperty("choices").EnumerateArray()).ToList();
        string.Concat(deltas.Select(d => chat ? d.GetProperty("delta").GetProperty("content").GetString() : d.GetProperty("text").GetString())).ShouldBe(text);
        deltas[^1].GetProperty("finish_reason").GetString().ShouldBe(choice.GetProperty("finish_reason").GetString());
        deltas[..^1].ShouldAllBe(d => d.GetProperty("finish_reason").ValueKind == JsonValueKind.Null);
        chunks[^1].GetProperty("choices").GetArrayLength().ShouldBe(0);
        chunks[^1].GetProperty("usage").GetRawText().ShouldBe(whole.GetProperty("usage").GetRawText());
        whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(30);
        whole.GetProperty("model").GetString().ShouldBe("org/tiny");
        deltas.Count.ShouldBe(chat ? 31 : 30);
        if (chat)
        {
            deltas[0].GetProperty("delta").GetRawText().ShouldBe("{\"role\":\"assistant\",\"content\":\"\"}");
        }

        chunks.Select(c => c.GetProperty("id").GetString()).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task Text_counts_as_many_tokens_as_the_usage_says()
    {
        await using var server = await TestServer.StartedAsync();
        var answer = await server.PostAsync("/v1/completions", new { prompt = "Count me", max_tokens = 50, ignore_eos = true });
        var text = answer.GetProperty("choices")[0].GetProperty("text").GetString();

        var tokens = await server.PostAsync("/tokenize", new { prompt = text });

        (tokens.GetProperty("count").GetInt32() - 1).ShouldBe(50);
        tokens.GetProperty("tokens").GetArrayLength().ShouldBe(51);
    }

    [Fact]
    public async Task Answers_each_prompt_and_each_choice()
    {
        await using var server = await TestServer.StartedAsync();

        var answer = await server.PostAsync("/v1/completions", new { prompt = new[] { "one", "two" }, n = 2, max_tokens = 3 });

        var texts = answer.GetProperty("choices").EnumerateArray().Select(c => c.GetProperty("text").GetString()).ToList();
        texts.Distinct().Count().ShouldBe(4);
        answer.GetProperty("choices").EnumerateArray().Select(c => c.GetProperty("index").GetInt32()).ShouldBe([0, 1, 2, 3]);
        answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().ShouldBe(4);
        answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(12);

        var tokens = await server.PostAsync("/v1/completions", new { prompt = new[] { 1, 2, 3 }, max_tokens = 1 });
        tokens.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().ShouldBe(3);
    }

    [Fact]
    public async Task Equal_requests_get_equal_answers_and_another_seed_another()
    {
        await using var server = await TestServer.StartedAsync();
        async Task<string> TextAsync(int? seed) => (await server.PostAsync("/v1/completions", new { prompt = "same", seed, max_tokens = 12 })).GetProperty("choices")[0].GetProperty("text").GetString()!;

        (await TextAsync(7)).ShouldBe(await TextAsync(7));
        (await TextAsync(7)).ShouldNotBe(await TextAsync(8));
    }

    [Fact]
    public async Task Ends_at_a_stop_string_and_does_not_show_it()
    {
        await using var server = await TestServer.StartedAsync();
        var text = (await server.PostAsync("/v1/completions", new { prompt = "stop", max_tokens = 40 })).GetProperty("choices")[0].GetProperty("text").GetString()!;
        // Across the border of two tokens.
        var stop = text.Substring(text.IndexOf(' ', 60) - 2, 5);
        var at = text.IndexOf(stop, StringComparison.Ordinal);

        var answer = await server.PostAsync("/v1/completions", new { prompt = "stop", max_tokens = 40, stop = new[] { stop } });
        var streamed = await server.StreamAsync("/v1/completions", new { prompt = "stop", max_tokens = 40, stop, stream = true });

        answer.GetProperty("choices")[0].GetProperty("text").GetString().ShouldBe(text[..at]);
        answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString().ShouldBe("stop");
        string.Concat(streamed.Select(c => c.GetProperty("choices")[0].GetProperty("text").GetString())).ShouldBe(text[..at]);
        streamed.Count.ShouldBe(answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Ends_by_itself_unless_told_to_ignore_that()
    {
        await using var server = await TestServer.StartedAsync();
        async Task<(string? Reason, int Tokens)> AskAsync(object body)
        {
            var answer = await server.PostAsync("/v1/completions", body);
            return (answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString(), answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        }

        var (reason, tokens) = await AskAsync(new { prompt = "end", max_tokens = 1000 });
        reason.ShouldBe("stop");
        tokens.ShouldBeInRange(96, 768);
        (await AskAsync(new { prompt = "end", max_tokens = 1000, ignore_eos = true })).ShouldBe(("length", 1000));
        (await AskAsync(new { prompt = "end", max_tokens = 1000, min_tokens = 900 })).ShouldBe(("stop", 900));
        (await AskAsync(new { prompt = "end" })).ShouldBe(("length", 16));
    }

    [Theory]
    [InlineData("/v1/completions", """{"model":"other","prompt":"x"}""", 404, "NotFoundError", "The model `other` does not exist.")]
    [InlineData("/v1/completions", """{"prompt":"x","max_tokens":0}""", 400, "BadRequestError", "max_tokens must be at least 1, got 0.")]
    [InlineData("/v1/completions", """{"prompt":"x","max_tokens":"many"}""", 400, "BadRequestError", "Input should be a valid integer: field 'max_tokens', got \"many\".")]
    [InlineData("/v1/completions", """{"prompt":"x","temperature":-1}""", 400, "BadRequestError", "temperature must be non-negative, got -1.")]
    [InlineData("/v1/completions", """{"prompt":"x","stream_options":{}}""", 400, "BadRequestError", "Stream options can only be defined when `stream=True`.")]
    [InlineData("/v1/completions", """{"prompt":[]}""", 400, "BadRequestError", "please provide at least one prompt")]
    [InlineData("/v1/completions", """{"prompt":"x","logprobs":1}""", 400, "BadRequestError", "logprobs are not available: this server's text is made up, not sampled.")]
    [InlineData("/v1/completions", """{"prompt":"x","max_tokens":8192}""", 400, "BadRequestError", "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 2 input tokens (8192 > 8192 - 2).")]
    [InlineData("/v1/chat/completions", """{"messages":[]}""", 400, "BadRequestError", "Field required: 'messages' must be a list of at least one message.")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"robot","content":"x"}]}""", 400, "BadRequestError", "Every message needs a 'role' out of system, developer, user, assistant, tool.")]
    public async Task Refuses_a_bad_request_in_its_own_words(string path, string body, int status, string type, string message)
    {
        await using var server = await TestServer.StartedAsync();

        using var response = await server.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

        ((int)response.StatusCode).ShouldBe(status);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        error.GetProperty("message").GetString().ShouldBe(message);
        error.GetProperty("type").GetString().ShouldBe(type);
        error.GetProperty("code").GetInt32().ShouldBe(status);
    }

    [Fact]
    public async Task Refuses_what_is_no_JSON_and_what_is_no_route()
    {
        await using var server = await TestServer.StartedAsync();

        (await server.Client.PostAsync("/v1/completions", new StringContent("{\"prompt\":", Encoding.UTF8, "application/json"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await server.Client.PostAsync("/v1/completions", new StringContent("[1]", Encoding.UTF8, "application/json"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await server.Client.PostAsync("/v1/completions", new StringContent("{}", Encoding.UTF8, "text/plain"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await server.Client.GetAsync("/v1/completions")).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        var missing = await server.Client.GetAsync("/v2/models");
        missing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await missing.Content.ReadAsStringAsync()).ShouldBe("{\"detail\":\"Not Found\"}");
    }

    [Fact]
    public async Task Refuses_a_prompt_longer_than_the_model_takes()
    {
        await using var server = await TestServer.StartedAsync("--max-model-len", "32");
        var error = await server.PostAsync("/v1/completions", new { prompt = string.Join(' ', Enumerable.Repeat("word", 40)) }, 400);
        error.GetProperty("error").GetProperty("message").GetString().ShouldBe("This model's maximum context length is 32 tokens. However, your request has 41 input tokens. Please reduce the length of the input messages.");
    }

    [Fact]
    public async Task A_key_is_asked_for_under_v1_only()
    {
        await using var server = await TestServer.StartedAsync("--api-key", "sesame", "other");
        (await server.Client.GetAsync("/v1/models")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await server.Client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "sesame");
        (await server.Client.GetAsync("/v1/models")).StatusCode.ShouldBe(HttpStatusCode.OK);
        string.Join('\n', server.Log).ShouldNotContain("sesame");
    }

    [Fact]
    public async Task A_chat_needs_a_template()
    {
        await using var server = new TestServer();
        File.WriteAllText(server.Model.File("tokenizer_config.json"), "{}");
        await server.ListenAsync("vllm", "serve", TestServer.ModelPath);
        var body = new { messages = new[] { new { role = "user", content = "hi" } }, max_tokens = 2 };

        (await server.PostAsync("/v1/chat/completions", body, 400)).GetProperty("error").GetProperty("message").GetString().ShouldStartWith("As of transformers v4.44");
    }

    [Fact]
    public async Task A_client_that_hangs_up_frees_its_slot()
    {
        await using var server = await TestServer.StartedAsync("--max-num-seqs", "1");
        await HangUpAsync(server, "/v1/completions", new { prompt = "long", max_tokens = 8000, ignore_eos = true, stream = true });

        await server.MetricBecomesAsync("vllm:num_requests_running", 0);
        (await server.MetricAsync("vllm:request_success_total{engine=\"0\",model_name=\"org/tiny\",finished_reason=\"abort\"}")).ShouldBe(1);
        (await server.PostAsync("/v1/completions", new { prompt = "next", max_tokens = 2 })).GetProperty("choices").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task The_simple_server_answers_with_the_prompt_before_it_and_runs_on_when_a_client_hangs_up()
    {
        await using var server = new TestServer();
        await server.ListenAsync("python3", "-m", "vllm.entrypoints.api_server", $"--model={TestServer.ModelPath}");

        var answer = await server.PostAsync("/generate", new { prompt = "Say: ", max_tokens = 5, temperature = 0.9, top_p = 1.0 });
        answer.GetProperty("text")[0].GetString().ShouldStartWith("Say: ");
        answer.GetProperty("text")[0].GetString()!.Split(' ').Length.ShouldBe(6);
        (await server.Client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await server.Client.GetAsync("/v1/models")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        await HangUpAsync(server, "/generate", new { prompt = "long", max_tokens = 400, ignore_eos = true });
        var count = $"vllm:request_success_total{{engine=\"0\",model_name=\"{TestServer.ModelPath}\",finished_reason=";
        await server.MetricBecomesAsync(count + "\"length\"", 2);
        (await server.MetricAsync(count + "\"abort\"")).ShouldBe(0);
    }

    [Fact]
    public async Task The_simple_server_streams_growing_texts_line_by_line()
    {
        await using var server = new TestServer();
        await server.ListenAsync("python3", "-m", "vllm.entrypoints.api_server", $"--model={TestServer.ModelPath}");
        using var response = await server.Client.PostAsJsonAsync("/generate", new { prompt = "P", max_tokens = 4, stream = true });

        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.Length.ShouldBe(4);
        var texts = lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("text")[0].GetString()!).ToList();
        texts.Zip(texts.Skip(1)).ShouldAllBe(p => p.Second.StartsWith(p.First) && p.Second.Length > p.First.Length);
    }

    [Fact]
    public async Task Holds_hundreds_of_streams_at_once()
    {
        await using var server = await TestServer.StartedAsync();
        var all = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => server.StreamAsync("/v1/completions", new { prompt = $"stream {i}", max_tokens = 20, stream = true })));

        all.ShouldAllBe(chunks => chunks.Count == 20);
        (await server.MetricAsync("vllm:generation_tokens_total")).ShouldBe(6000);
        (await server.MetricAsync("vllm:num_requests_running")).ShouldBe(0);
        (await server.MetricAsync("vllm:num_requests_waiting{")).ShouldBe(0);
        (await server.MetricAsync("vllm:kv_cache_usage_perc")).ShouldBe(0);
    }

    private static async Task HangUpAsync(TestServer server, string path, object body)
    {
        using var hangUp = new CancellationTokenSource();
        using var client = new HttpClient { BaseAddress = server.Client.BaseAddress };
        var call = client.PostAsJsonAsync(path, body, hangUp.Token);
        await server.MetricBecomesAsync("vllm:num_requests_running", 1);
        await hangUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await (await call).Content.ReadAsStringAsync(hangUp.Token));
    }
}
