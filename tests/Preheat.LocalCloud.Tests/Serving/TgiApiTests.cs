using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>The routes of Text Generation Inference.</summary>
public sealed class TgiApiTests
{
    [Fact]
    public async Task Generates_with_details_and_headers()
    {
        await using var server = await StartedAsync();
        var answer = await server.PostAsync("/generate", new { inputs = "Say: ", parameters = new { max_new_tokens = 5, details = true, seed = 7 } });
        answer.GetProperty("generated_text").GetString()!.Split(' ').Length.ShouldBe(5);
        var details = answer.GetProperty("details");
        (details.GetProperty("finish_reason").GetString(), details.GetProperty("generated_tokens").GetInt32(), details.GetProperty("seed").GetInt32()).ShouldBe(("length", 5, 7));
        details.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("text").GetString()).Aggregate((a, b) => a + b).ShouldBe(answer.GetProperty("generated_text").GetString());
        using var response = await server.Client.PostAsJsonAsync("/generate", new { inputs = "Say: ", parameters = new { max_new_tokens = 5, return_full_text = true } });
        response.Headers.GetValues("x-generated-tokens").ShouldBe(["5"]);
        var plain = await response.Content.ReadFromJsonAsync<JsonElement>();
        plain.GetProperty("generated_text").GetString()!.ShouldStartWith("Say: ");
        plain.TryGetProperty("details", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task The_root_answers_with_a_list_or_a_stream()
    {
        await using var server = await StartedAsync();
        (await server.PostAsync("/", new { inputs = "x", parameters = new { max_new_tokens = 2 } })).GetArrayLength().ShouldBe(1);
        (await EventsAsync(server, "/", new { inputs = "x", parameters = new { max_new_tokens = 2 }, stream = true })).Count.ShouldBe(2);
        (await server.Client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Streams_a_token_each_and_the_whole_text_with_the_last()
    {
        await using var server = await StartedAsync();
        var events = await EventsAsync(server, "/generate_stream", new { inputs = "Say: ", parameters = new { max_new_tokens = 4, details = true } });
        events.Select(chunk => chunk.GetProperty("index").GetInt32()).ShouldBe([1, 2, 3, 4]);
        events[..^1].ShouldAllBe(chunk => chunk.GetProperty("generated_text").ValueKind == JsonValueKind.Null && chunk.GetProperty("details").ValueKind == JsonValueKind.Null);
        var text = string.Concat(events.Select(chunk => chunk.GetProperty("token").GetProperty("text").GetString()));
        events[^1].GetProperty("generated_text").GetString().ShouldBe(text);
        events[^1].GetProperty("details").GetProperty("generated_tokens").GetInt32().ShouldBe(4);
    }

    [Fact]
    public async Task Says_why_an_answer_ended()
    {
        await using var server = await StartedAsync();
        var whole = (await server.PostAsync("/generate", new { inputs = "Say: ", parameters = new { max_new_tokens = 5 } })).GetProperty("generated_text").GetString()!;
        var stopped = await server.PostAsync("/generate", new { inputs = "Say: ", parameters = new { max_new_tokens = 50, details = true, stop = new[] { whole.Split(' ')[2] } } });
        stopped.GetProperty("details").GetProperty("finish_reason").GetString().ShouldBe("stop_sequence");
        var ended = await server.PostAsync("/generate", new { inputs = "Say: ", parameters = new { max_new_tokens = 2000, details = true } });
        ended.GetProperty("details").GetProperty("finish_reason").GetString().ShouldBe("eos_token");
    }

    [Theory]
    [InlineData("""{"max_new_tokens":0}""", "`max_new_tokens` must be strictly positive")]
    [InlineData("""{"temperature":0}""", "`temperature` must be strictly positive")]
    [InlineData("""{"top_p":1}""", "`top_p` must be > 0.0 and < 1.0")]
    [InlineData("""{"top_k":0}""", "`top_k` must be strictly positive")]
    [InlineData("""{"best_of":2}""", "you must use sampling when `best_of` is > 1")]
    [InlineData("""{"best_of":3,"do_sample":true}""", "`best_of` must be <= 2. Given: 3")]
    [InlineData("""{"stop":["a","b","c","d","e"]}""", "`stop` supports up to 4 stop sequences. Given: 5")]
    [InlineData("""{"max_new_tokens":8190}""", "`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 3 `inputs` tokens and 8190 `max_new_tokens`")]
    [InlineData("""{"frequency_penalty":3}""", "`frequency_penalty` must be >= -2.0 and <= 2.0")]
    public async Task Refuses_what_the_router_refuses(string parameters, string message)
    {
        await using var server = await StartedAsync();
        using var body = new StringContent($$"""{"inputs":"a b","parameters":{{parameters}}}""", Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync("/generate", body);
        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var error = await response.Content.ReadFromJsonAsync<JsonElement>();
        error.GetProperty("error").GetString().ShouldBe("Input validation error: " + message);
        error.GetProperty("error_type").GetString().ShouldBe("validation");
    }

    [Theory]
    [InlineData("{}", 422, "Failed to deserialize the JSON body into the target type: missing field `inputs`")]
    [InlineData("""{"inputs":5}""", 422, "Failed to deserialize the JSON body into the target type: inputs: invalid type: integer `5`, expected a string")]
    [InlineData("""{"inputs":"x","parameters":{"max_new_tokens":-1}}""", 422, "Failed to deserialize the JSON body into the target type: parameters.max_new_tokens: invalid value: integer `-1`, expected u32")]
    [InlineData("""{"inputs":"x","parameters":{"details":"yes"}}""", 422, "Failed to deserialize the JSON body into the target type: parameters.details: invalid type: string \"yes\", expected a boolean")]
    [InlineData("""{"inputs":""", 400, "Failed to parse the request body as JSON: ")]
    public async Task Answers_a_body_that_is_no_request_in_plain_text(string body, int status, string text)
    {
        await using var server = await StartedAsync();
        using var response = await server.Client.PostAsync("/generate", new StringContent(body, Encoding.UTF8, "application/json"));
        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadAsStringAsync()).ShouldStartWith(text);
        (await server.Client.PostAsync("/generate", new StringContent(body, Encoding.UTF8, "text/plain"))).StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task A_body_beyond_the_payload_limit_is_refused()
    {
        await using var server = await StartedAsync("--payload-limit", "1000");
        using var response = await server.Client.PostAsJsonAsync("/generate", new { inputs = new string('a', 2000) });
        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task An_error_of_a_stream_is_an_event_of_it()
    {
        await using var server = await StartedAsync();
        var error = (await EventsAsync(server, "/generate_stream", new { inputs = "" })).ShouldHaveSingleItem();
        error.GetProperty("error").GetString().ShouldBe("Input validation error: `inputs` cannot be empty");
    }

    [Fact]
    public async Task Refuses_with_429_what_comes_while_all_places_are_taken()
    {
        await using var server = await StartedAsync("--max-concurrent-requests", "1");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate_stream") { Content = JsonContent.Create(new { inputs = "long", parameters = new { max_new_tokens = 8000 } }) };
        using (var first = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            await first.Content.ReadAsStreamAsync();
            var error = await server.PostAsync("/generate", new { inputs = "x" }, 429);
            (error.GetProperty("error").GetString(), error.GetProperty("error_type").GetString()).ShouldBe(("Model is overloaded", "overloaded"));
        }
        await server.MetricBecomesAsync("tgi_batch_current_size", 0);
        (await server.MetricAsync("tgi_request_failure{err=\"overloaded\"}")).ShouldBe(1);
    }

    [Fact]
    public async Task Speaks_OpenAIs_language_whatever_the_models_name()
    {
        await using var server = await StartedAsync();
        var chat = await server.PostAsync("/v1/chat/completions", new { model = "tgi", messages = new[] { new { role = "user", content = "hi" } }, max_tokens = 3 });
        (chat.GetProperty("id").GetString(), chat.GetProperty("model").GetString()).ShouldBe(("", TestServer.ModelPath));
        chat.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(3);
        var chunks = await server.StreamAsync("/v1/chat/completions", new { model = "any", messages = new[] { new { role = "user", content = "hi" } }, max_tokens = 3, stream = true });
        chunks.ShouldAllBe(chunk => chunk.GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString() == "assistant");
        (await server.PostAsync("/v1/completions", new { model = "any", prompt = "hi", max_tokens = 3 })).GetProperty("object").GetString().ShouldBe("text_completion");
        (await server.PostAsync("/v1/completions", new { prompt = "hi", top_p = 1 }, 422)).GetProperty("error").GetString().ShouldBe("Input validation error: `top_p` must be > 0.0 and < 1.0");
        (await server.Client.GetFromJsonAsync<JsonElement>("/v1/models")).GetProperty("data")[0].GetProperty("id").GetString().ShouldBe(TestServer.ModelPath);
    }

    [Fact]
    public async Task A_chat_needs_a_template()
    {
        await using var server = new TestServer();
        File.WriteAllText(server.Model.File("tokenizer_config.json"), "{}");
        await server.ListenAsync("text-generation-launcher", "--model-id", TestServer.ModelPath, "--port", "8000");
        var error = await server.PostAsync("/v1/chat/completions", new { messages = new[] { new { role = "user", content = "hi" } } }, 422);
        (error.GetProperty("error").GetString(), error.GetProperty("error_type").GetString()).ShouldBe(("Template error: template not found", "template_error"));
    }

    [Fact]
    public async Task Tokens_cover_the_text_without_gaps()
    {
        await using var server = await StartedAsync();
        const string Text = "Incomprehensible: 3 words, \u00e9t\u00e9!";
        var tokens = (await server.PostAsync("/tokenize", new { inputs = Text })).EnumerateArray().ToList();
        tokens[0].GetProperty("text").GetString().ShouldBe("<bos>");
        string.Concat(tokens.Skip(1).Select(token => token.GetProperty("text").GetString())).ShouldBe(Text);
    }

    [Fact]
    public async Task Says_its_limits()
    {
        await using var server = await StartedAsync("--max-total-tokens", "512");
        var info = await server.Client.GetFromJsonAsync<JsonElement>("/info");
        (info.GetProperty("model_id").GetString(), info.GetProperty("max_total_tokens").GetInt32(), info.GetProperty("max_input_tokens").GetInt32(), info.GetProperty("version").GetString()).ShouldBe((TestServer.ModelPath, 512, 511, "3.3.6"));
    }

    [Fact]
    public async Task Measures_requests_as_autoscalers_read_them()
    {
        await using var server = await StartedAsync();
        (await server.Client.GetStringAsync("/metrics")).ShouldNotContain("tgi_queue_size");
        await server.PostAsync("/generate", new { inputs = "a", parameters = new { max_new_tokens = 9 } });
        await server.PostAsync("/v1/completions", new { prompt = "b", max_tokens = 4 });
        var text = await server.Client.GetStringAsync("/metrics");
        foreach (var line in new[] { "# TYPE tgi_queue_size gauge", "tgi_queue_size 0", "# TYPE tgi_batch_current_size gauge", "tgi_request_count 2", "tgi_request_success 2", "tgi_request_generated_tokens_sum 13", "tgi_request_generated_tokens_count 2", "tgi_request_duration_bucket{le=\"+Inf\"} 2" })
            text.Split('\n').ShouldContain(line);
    }

    private static async Task<TestServer> StartedAsync(params string[] flags)
    {
        var server = new TestServer();
        await server.ListenAsync(["text-generation-launcher", "--model-id", TestServer.ModelPath, "--port", "8000", .. flags]);
        return server;
    }

    /// <summary>The events of a stream, which has no end mark.</summary>
    private static async Task<List<JsonElement>> EventsAsync(TestServer server, string path, object body)
    {
        using var response = await server.Client.PostAsJsonAsync(path, body);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return [.. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => JsonDocument.Parse(e["data: ".Length..]).RootElement)];
    }
}
