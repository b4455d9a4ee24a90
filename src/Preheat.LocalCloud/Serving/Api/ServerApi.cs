using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Serving.Metrics;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>What a server tells about itself and who may call it.</summary>
/// <param name="Names">Served model names, at least one.</param>
/// <param name="Root">The <c>--model</c> as given.</param>
/// <param name="ApiKeys">Keys of which a call under <c>/v1</c> must bring one; empty: anyone may call.</param>
internal sealed record ServerIdentity(ServerVersion Version, IReadOnlyList<string> Names, string Root, int VocabularySize, bool HasChatTemplate, IReadOnlyList<string> ApiKeys);

/// <summary>The HTTP routes of vLLM's two servers.</summary>
internal sealed class ServerApi(ServerIdentity identity, Generator generator, BatchPump pump, BatchSettings settings, ServerMetrics metrics, TimeProvider time, Action touch)
{
    private readonly long created = time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Maps the routes of an entry point.</summary>
    public void Map(WebApplication app, EntryPoint entryPoint)
    {
        app.Use(GuardAsync);
        app.UseRouting();
        app.MapGet("/health", Empty);
        // The simple server has no such route of its own; the image of the reference set-up that starts it does, and is scraped there.
        app.MapGet("/metrics", MetricsAsync);
        if (entryPoint == EntryPoint.Legacy)
        {
            app.MapPost("/generate", GenerateAsync);
            return;
        }

        app.MapMethods("/ping", ["GET", "POST"], Empty);
        app.MapGet("/version", c => Answers.JsonAsync(c, 200, json =>
        {
            json.WriteStartObject();
            json.WriteString("version", identity.Version.Text);
            json.WriteEndObject();
        }));
        app.MapGet("/v1/models", ModelsAsync);
        app.MapPost("/v1/completions", c => PostAsync(c, request => AnswerAsync(c, request, ReplyFormat.Completion, Prompt.ReadCompletion)));
        app.MapPost("/v1/chat/completions", c => PostAsync(c, request => AnswerAsync(c, request, ReplyFormat.Chat, ReadChat)));
        app.MapPost("/tokenize", c => PostAsync(c, request => TokenizeAsync(c, request)));
    }

    private static Task Empty(HttpContext context)
    {
        context.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static Task DetailAsync(HttpContext context, int status, string detail) => Answers.JsonAsync(context, status, json =>
    {
        json.WriteStartObject();
        json.WriteString("detail", detail);
        json.WriteEndObject();
    });

    /// <summary>Marks the server as in use, checks the key, answers errors in the server's shape.</summary>
    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        touch();
        if (identity.ApiKeys.Count > 0 && context.Request.Path.StartsWithSegments("/v1") && !Authorised(context.Request.Headers.Authorization.ToString()))
        {
            await Answers.JsonAsync(context, 401, json =>
            {
                json.WriteStartObject();
                json.WriteString("error", "Unauthorized");
                json.WriteEndObject();
            });
            return;
        }

        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405)
            {
                // FastAPI's own bodies.
                await DetailAsync(context, context.Response.StatusCode, context.Response.StatusCode == 404 ? "Not Found" : "Method Not Allowed");
            }
        }
        catch (ApiError error) when (!context.Response.HasStarted)
        {
            await Answers.JsonAsync(context, error.Status, json => error.Write(json, identity.Version));
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            await DetailAsync(context, error.StatusCode, error.Message);
        }
        catch (OperationCanceledException)
        {
            // The client hung up or the server stops: there is nobody to answer, or the stream ends in the middle.
            context.Abort();
        }
    }

    private bool Authorised(string header)
    {
        var space = header.IndexOf(' ');
        return space > 0
            && header[..space].Equals("Bearer", StringComparison.OrdinalIgnoreCase)
            && identity.ApiKeys.Contains(header[(space + 1)..], StringComparer.Ordinal);
    }

    private async Task PostAsync(HttpContext context, Func<JsonElement, Task> handle)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw ApiError.BadRequest("Unsupported Media Type: Only 'application/json' is allowed");
        }

        using var document = await ReadAsync(context);
        await handle(document.RootElement);
    }

    private static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        JsonDocument? document = null;
        try
        {
            document = await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, context.RequestAborted);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("Input should be a valid dictionary");
        }
        catch (JsonException wrong)
        {
            document?.Dispose();
            throw ApiError.BadRequest($"JSON decode error: {wrong.Message}");
        }
    }

    private async Task AnswerAsync(HttpContext context, JsonElement request, ReplyFormat format, Func<JsonElement, IReadOnlyList<Prompt>> prompts)
    {
        generator.CheckModel(request);
        var sampling = Sampling.Read(request);
        await generator.AnswerAsync(context, format, prompts(request), sampling);
    }

    private IReadOnlyList<Prompt> ReadChat(JsonElement request)
    {
        if (!identity.HasChatTemplate && request.Text("chat_template") is null)
        {
            throw ApiError.BadRequest("As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.");
        }

        if (request.Get("tools") is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0 && request.Get("tool_choice") is not { ValueKind: JsonValueKind.String } none
            || request.Get("tool_choice") is { } choice && !(choice.ValueKind == JsonValueKind.String && choice.GetString() == "none"))
        {
            throw ApiError.BadRequest("\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "tools");
        }

        return [Prompt.ReadChat(request)];
    }

    private Task TokenizeAsync(HttpContext context, JsonElement request)
    {
        generator.CheckModel(request);
        var text = request.Text("prompt") ?? throw ApiError.BadRequest("Field required: 'prompt'.", "prompt");
        var tokens = PseudoTokenizer.Identifiers(text, identity.VocabularySize);
        return Answers.JsonAsync(context, 200, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("count", tokens.Count);
            json.WriteNumber("max_model_len", settings.MaxModelLen);
            json.WriteStartArray("tokens");
            foreach (var token in tokens)
            {
                json.WriteNumberValue(token);
            }

            json.WriteEndArray();
            json.WriteNull("token_strs");
            json.WriteEndObject();
        });
    }

    private Task ModelsAsync(HttpContext context) => Answers.JsonAsync(context, 200, json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (var name in identity.Names)
        {
            json.WriteStartObject();
            json.WriteString("id", name);
            json.WriteString("object", "model");
            json.WriteNumber("created", created);
            json.WriteString("owned_by", "vllm");
            json.WriteString("root", identity.Root);
            json.WriteNull("parent");
            json.WriteNumber("max_model_len", settings.MaxModelLen);
            json.WriteStartArray("permission");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private async Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = ServerMetrics.ContentType;
        await context.Response.WriteAsync(metrics.Render(pump.Load), context.RequestAborted);
    }

    /// <summary><c>POST /generate</c>: <c>{prompt, stream?, …sampling}</c> → <c>{"text": [prompt + output, …]}</c>; a stream is such objects, one a line. The Vertex image answers <c>{"predictions": ["Prompt:\n…\nOutput:\n…"]}</c>.</summary>
    private async Task GenerateAsync(HttpContext context)
    {
        using var document = await ReadAsync(context);
        var request = document.RootElement;
        var text = request.Text("prompt") ?? throw ApiError.BadRequest("Field required: 'prompt'.", "prompt");
        var sampling = Sampling.Read(request);
        if (!sampling.Stream)
        {
            var texts = await generator.TextsAsync(context, Prompt.Of(text), sampling);
            await Answers.JsonAsync(context, 200, json => Texts(json, text, texts));
            return;
        }

        await generator.TextsAsync(context, Prompt.Of(text), sampling, async texts =>
        {
            await using (var json = new Utf8JsonWriter(context.Response.BodyWriter))
            {
                Texts(json, text, texts);
            }

            await context.Response.WriteAsync("\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        });
    }

    private void Texts(Utf8JsonWriter json, string prompt, IReadOnlyList<string> texts)
    {
        var vertex = identity.Version.IsVertex;
        json.WriteStartObject();
        json.WriteStartArray(vertex ? "predictions" : "text");
        foreach (var text in texts)
        {
            json.WriteStringValue(vertex ? $"Prompt:\n{prompt}\nOutput:\n{text}" : prompt + text);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
