using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Preheat.LocalCloud.Serving.Api;
using Preheat.Simulation.Batching;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>The HTTP routes of TGI's router (<c>router/src/server.rs</c>).</summary>
internal sealed class TgiApi(TgiServer server, TgiValidation validation, Generator generator, BatchPump pump, TgiMetrics metrics, TimeProvider time, Action touch)
{
    private static readonly string[] Open = ["/health", "/ping", "/metrics"];

    private int running;

    public void Map(WebApplication app)
    {
        app.Use(GuardAsync);
        app.UseRouting();
        app.MapGet("/", Healthy);
        app.MapGet("/health", Healthy);
        app.MapGet("/ping", Healthy);
        app.MapGet("/info", InfoAsync);
        app.MapGet("/v1/models", ModelsAsync);
        app.MapGet("/metrics", MetricsAsync);
        app.MapPost("/", c => PostAsync(c, body => TgiRequest.Read(body) is { Stream: true } request ? StreamAsync(c, request) : GenerateAsync(c, TgiRequest.Read(body), array: true)));
        app.MapPost("/generate", c => PostAsync(c, body => GenerateAsync(c, TgiRequest.Read(body), array: false)));
        app.MapPost("/generate_stream", c => PostAsync(c, body => StreamAsync(c, TgiRequest.Read(body))));
        app.MapPost("/tokenize", c => PostAsync(c, body => TokenizeAsync(c, TgiRequest.Read(body))));
        app.MapPost("/v1/completions", c => PostAsync(c, body => OpenAiAsync(c, body, TgiReplyFormat.Completion, Prompt.ReadCompletion)));
        app.MapPost("/v1/chat/completions", c => PostAsync(c, body => OpenAiAsync(c, body, TgiReplyFormat.Chat, ReadChat)));
    }

    private static Task Healthy(HttpContext context)
    {
        context.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    /// <summary>Marks the server as in use, checks the key, answers errors in the router's shapes.</summary>
    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        touch();
        if (server.Arguments.Text("api-key") is { } key && !Open.Contains(context.Request.Path.Value) && !(context.Request.Path == "/" && HttpMethods.IsGet(context.Request.Method))
            && context.Request.Headers.Authorization.ToString() != $"Bearer {key}")
        {
            context.Response.StatusCode = 401;
            return;
        }

        try
        {
            await next(context);
        }
        catch (TgiRejection rejection) when (!context.Response.HasStarted)
        {
            await TextAsync(context, rejection.Status, rejection.Message);
        }
        catch (TgiError error) when (!context.Response.HasStarted)
        {
            await FailAsync(context, error);
        }
        catch (ApiError error) when (!context.Response.HasStarted)
        {
            // What the OpenAI routes share with vLLM's look-alike, in TGI's shape.
            await FailAsync(context, error.Status == 500 ? TgiError.Incomplete : TgiError.Validation(error.Message));
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            await TextAsync(context, error.StatusCode, $"Failed to buffer the request body: {(error.StatusCode == 413 ? "length limit exceeded" : error.Message)}");
        }
        catch (OperationCanceledException)
        {
            // The client hung up or the server stops: there is nobody to answer, or the stream ends in the middle.
            context.Abort();
        }
    }

    private Task FailAsync(HttpContext context, TgiError error)
    {
        metrics.CountFailure(error.Type);
        return Answers.JsonAsync(context, error.Status, error.Write);
    }

    private async Task PostAsync(HttpContext context, Func<JsonElement, Task> handle)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new TgiRejection(415, "Expected request with `Content-Type: application/json`");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = server.Limit("payload-limit");
        }

        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, context.RequestAborted);
        }
        catch (JsonException wrong)
        {
            throw new TgiRejection(400, $"Failed to parse the request body as JSON: {wrong.Message}");
        }

        using (document)
        {
            await handle(document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement : throw TgiRejection.Untyped("invalid type, expected a struct"));
        }
    }

    private async Task GenerateAsync(HttpContext context, TgiRequest request, bool array)
    {
        await WithPermitAsync(async () =>
        {
            var generation = Accept(request, null);
            await generator.RunAsync([generation], async () =>
            {
                await Generator.WaitAsync(context, [generation]);
                TgiAnswers.Headers(context.Response.Headers, generation, generation.Times());
                await Answers.JsonAsync(context, 200, json =>
                {
                    if (array)
                    {
                        json.WriteStartArray();
                    }

                    TgiAnswers.Whole(json, request, generation, server.Folder.Config.VocabularySize);
                    if (array)
                    {
                        json.WriteEndArray();
                    }
                });
            });
        });
    }

    /// <summary>A stream: its status is 200 whatever comes, and an error is one of its events.</summary>
    private async Task StreamAsync(HttpContext context, TgiRequest request)
    {
        Answers.BeginEvents(context);
        try
        {
            await WithPermitAsync(() => EventsAsync(context, request));
        }
        catch (TgiError error)
        {
            metrics.CountFailure(error.Type);
            Answers.Event(context, error.Write);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    private async Task EventsAsync(HttpContext context, TgiRequest request)
    {
        if (request.Int("best_of") > 1)
        {
            throw TgiError.Validation("`best_of` != 1 is not supported when streaming tokens");
        }

        var tokens = Channel.CreateUnbounded<TokenEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var generation = Accept(request, tokens.Writer);
        await generator.RunAsync([generation], async () =>
        {
            for (var last = false; !last;)
            {
                var token = await tokens.Reader.ReadAsync(context.RequestAborted);
                last = token.Last;
                Answers.Event(context, json => TgiAnswers.Chunk(json, request, generation, token.Tokens, server.Folder.Config.VocabularySize));
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        });
    }

    private async Task OpenAiAsync(HttpContext context, JsonElement body, ReplyFormat format, Func<JsonElement, IReadOnlyList<Prompt>> prompts)
    {
        // The name of the model is that of a LoRA adapter here; an unknown one means the base model.
        await WithPermitAsync(async () =>
        {
            var began = time.GetTimestamp();
            var sampling = validation.CheckOpenAi(body);
            var asked = prompts(body);
            if (asked.Count > server.Limit("max-client-batch-size"))
            {
                throw TgiError.Validation($"batch size {asked.Count} > maximum allowed batch size {server.Limit("max-client-batch-size")}");
            }

            foreach (var prompt in asked)
            {
                metrics.CountValid(prompt.Tokens, validation.Limit(prompt, sampling.MaxTokens), time.GetElapsedTime(began).TotalSeconds);
            }

            await generator.AnswerAsync(context, format, asked, sampling);
        });
    }

    private IReadOnlyList<Prompt> ReadChat(JsonElement body) =>
        server.Folder.HasChatTemplate || server.Arguments.Text("tokenizer-config-path") is not null ? [Prompt.ReadChat(body)] : throw TgiError.Template("template not found");

    private Generation Accept(TgiRequest request, ChannelWriter<TokenEvent>? events)
    {
        var began = time.GetTimestamp();
        var sampling = validation.Check(request);
        var prompt = TgiValidation.PromptOf(request);
        var limit = validation.Limit(prompt, sampling.MaxTokens);
        metrics.CountValid(prompt.Tokens, limit, time.GetElapsedTime(began).TotalSeconds);
        return generator.Create(prompt, sampling, limit, events);
    }

    /// <summary>Refuses what comes while <c>--max-concurrent-requests</c> are at work.</summary>
    private async Task WithPermitAsync(Func<Task> work)
    {
        metrics.CountRequest();
        try
        {
            await (Interlocked.Increment(ref running) <= server.MaxConcurrentRequests ? work() : throw TgiError.Overloaded);
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    private Task TokenizeAsync(HttpContext context, TgiRequest request) =>
        Answers.JsonAsync(context, 200, json => TgiAnswers.Tokens(json, request.Inputs, server.Folder.Config.VocabularySize));

    private Task InfoAsync(HttpContext context) => Answers.JsonAsync(context, 200, json =>
    {
        json.WriteStartObject();
        json.WriteString("model_id", server.Arguments.Model);
        json.WriteString("model_sha", server.Arguments.Text("revision"));
        json.WriteNull("model_pipeline_tag");
        json.WriteNumber("max_concurrent_requests", server.MaxConcurrentRequests);
        json.WriteNumber("max_best_of", server.MaxBestOf);
        json.WriteNumber("max_stop_sequences", server.MaxStopSequences);
        json.WriteNumber("max_input_tokens", server.MaxInputTokens);
        json.WriteNumber("max_total_tokens", server.MaxTotalTokens);
        json.WriteNumber("validation_workers", server.Limit("validation-workers"));
        json.WriteNumber("max_client_batch_size", server.Limit("max-client-batch-size"));
        json.WriteString("router", "text-generation-router");
        json.WriteString("version", server.Version.Text);
        json.WriteString("sha", Generator.Fingerprint);
        json.WriteNull("docker_label");
        json.WriteEndObject();
    });

    private Task ModelsAsync(HttpContext context) => Answers.JsonAsync(context, 200, json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        json.WriteStartObject();
        json.WriteString("id", server.Arguments.Model);
        json.WriteString("object", "model");
        json.WriteNumber("created", 0);
        json.WriteString("owned_by", server.Arguments.Model);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private async Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = TgiMetrics.ContentType;
        await context.Response.WriteAsync(metrics.Render(pump.Load), context.RequestAborted);
    }
}
