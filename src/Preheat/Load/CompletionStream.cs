using System.Text.Json;

namespace Preheat.Load;

/// <summary>Follows the chunks of one streamed completion (OpenAI's <c>completions</c> and <c>chat.completions</c>, TGI's <c>generate_stream</c>) and keeps what is measured.</summary>
/// <remarks>TGI's <c>StreamResponse</c> holds one token; the last one has the whole text in <c>generated_text</c> beside it, and no <c>[DONE]</c> follows. Source: OpenAI API reference, "Streaming"; vLLM's protocol adds <c>reasoning</c>/<c>reasoning_content</c> and errors inside a stream of status 200.</remarks>
internal sealed class CompletionStream : IEventStreamHandler
{
    private const int DetailLimit = 300;

    public long? FirstContent { get; private set; }

    public long? FirstVisible { get; private set; }

    public long? LastContent { get; private set; }

    public int ContentChunks { get; private set; }

    /// <summary>Chunks of any kind.</summary>
    public int Chunks { get; private set; }

    /// <summary>The last <c>usage.completion_tokens</c>; reasoning tokens are inside it already.</summary>
    public int? UsageTokens { get; private set; }

    public bool Done { get; private set; }

    public string? FinishReason { get; private set; }

    public List<long>? ChunkGaps { get; private set; }

    public FailureKind? Failure { get; private set; }

    public string? Error { get; private set; }

    public string? Detail { get; private set; }

    public void OnEvent(string type, ReadOnlyMemory<byte> data, long stamp)
    {
        if (Failure is not null)
            return;
        if (data.Span.SequenceEqual("[DONE]"u8))
        {
            Done = true;
            return;
        }
        try
        {
            using var document = JsonDocument.Parse(data);
            TakeChunk(document.RootElement, type, stamp);
        }
        catch (JsonException)
        {
            Fail(
                type == "error" ? FailureKind.StreamError : FailureKind.Malformed,
                type == "error" ? "error in the stream" : "a chunk of the stream is not JSON",
                AnswerFields.Excerpt(data.Span, DetailLimit));
        }
    }

    /// <summary>The body has ended: what is missing now stays missing.</summary>
    public void Complete()
    {
        if (Failure is not null)
            return;
        if (!Done && FinishReason is null)
            Fail(FailureKind.Incomplete, "the stream ended without [DONE] or a finish reason", $"{ContentChunks} chunks with content had come");
        else if (ContentChunks == 0 && UsageTokens is null or 0)
            Fail(FailureKind.Empty, "the answer holds no token", null);
    }

    private void TakeChunk(JsonElement chunk, string type, long stamp)
    {
        if (type == "error" || ErrorOf(chunk) is not null)
        {
            Fail(FailureKind.StreamError, "error in the stream", Cut(ErrorOf(chunk) ?? chunk.GetRawText()));
            return;
        }
        if (chunk.ValueKind != JsonValueKind.Object)
        {
            Fail(FailureKind.Malformed, "a chunk of the stream is not an object", Cut(chunk.GetRawText()));
            return;
        }
        Chunks++;
        UsageTokens = AnswerFields.CompletionTokens(chunk) ?? UsageTokens;
        var (content, visible) = (false, false);
        foreach (var choice in AnswerFields.Items(chunk, "choices"))
        {
            var delta = AnswerFields.Get(choice, "delta") ?? default;
            var shown = AnswerFields.HasText(choice, "text") || AnswerFields.HasText(delta, "content") || HasToolCall(delta);
            visible |= shown;
            content |= shown || AnswerFields.HasText(delta, "reasoning") || AnswerFields.HasText(delta, "reasoning_content");
            FinishReason = AnswerFields.Text(choice, "finish_reason") ?? FinishReason;
        }
        if (AnswerFields.Get(chunk, "token") is { } token)
        {
            // The end-of-sequence token is special: it has a text that is in no answer.
            visible = content = AnswerFields.HasText(token, "text") && AnswerFields.Get(token, "special") is not { ValueKind: JsonValueKind.True };
            Done |= AnswerFields.Get(chunk, "generated_text") is not null;
            FinishReason = AnswerFields.Get(chunk, "details") is { } details ? AnswerFields.Text(details, "finish_reason") : FinishReason;
        }
        if (visible)
            FirstVisible ??= stamp;
        if (content)
            TakeContent(stamp);
    }

    private void TakeContent(long stamp)
    {
        ContentChunks++;
        // The wait for the first chunk is TTFT and never a gap.
        if (LastContent is { } last)
            (ChunkGaps ??= []).Add(stamp - last);
        FirstContent ??= stamp;
        LastContent = stamp;
    }

    private static bool HasToolCall(JsonElement delta)
    {
        foreach (var call in AnswerFields.Items(delta, "tool_calls"))
        {
            if (AnswerFields.Get(call, "function") is { } function && (AnswerFields.HasText(function, "name") || AnswerFields.HasText(function, "arguments")))
                return true;
        }
        return false;
    }

    // {"error": {"message": …}} or {"error": "…"}; older servers send {"object": "error", "message": …}.
    private static string? ErrorOf(JsonElement chunk)
    {
        if (AnswerFields.Get(chunk, "error") is { } error)
            return error.ValueKind == JsonValueKind.String ? error.GetString() : AnswerFields.Text(error, "message") ?? error.GetRawText();
        return AnswerFields.Text(chunk, "object") == "error" ? AnswerFields.Text(chunk, "message") ?? chunk.GetRawText() : null;
    }

    private void Fail(FailureKind kind, string error, string? detail) => (Failure, Error, Detail) = (kind, error, detail);

    private static string Cut(string text) => text.Length <= DetailLimit ? text : text[..DetailLimit] + "…";
}
