using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Api;

/// <summary>What differs between the answers of <c>/v1/completions</c> and <c>/v1/chat/completions</c>.</summary>
internal abstract class ReplyFormat
{
    public static ReplyFormat Completion { get; } = new CompletionFormat();

    public static ReplyFormat Chat { get; } = new ChatFormat();

    protected abstract string IdPrefix { get; }

    /// <summary>An answer's <c>id</c>.</summary>
    public virtual string NewId() => IdPrefix + Guid.NewGuid().ToString("n");

    /// <summary>Value of <c>object</c> in a whole answer and in a chunk.</summary>
    public abstract string ObjectName(bool chunk);

    /// <summary>Most tokens where the request names none.</summary>
    public abstract int DefaultMaxTokens(int room);

    /// <summary>Whether each choice begins with a chunk that holds only the role.</summary>
    public abstract bool BeginsWithRole { get; }

    /// <summary>The text of a choice, whole or a piece of it.</summary>
    public abstract void WriteText(Utf8JsonWriter json, string text, bool chunk);

    private sealed class CompletionFormat : ReplyFormat
    {
        protected override string IdPrefix => "cmpl-";

        public override bool BeginsWithRole => false;

        public override string ObjectName(bool chunk) => "text_completion";

        // OpenAI's default for completions, and vLLM's.
        public override int DefaultMaxTokens(int room) => Math.Min(16, room);

        public override void WriteText(Utf8JsonWriter json, string text, bool chunk) => json.WriteString("text", text);
    }

    private sealed class ChatFormat : ReplyFormat
    {
        protected override string IdPrefix => "chatcmpl-";

        public override bool BeginsWithRole => true;

        public override string ObjectName(bool chunk) => chunk ? "chat.completion.chunk" : "chat.completion";

        public override int DefaultMaxTokens(int room) => room;

        public override void WriteText(Utf8JsonWriter json, string text, bool chunk)
        {
            json.WriteStartObject(chunk ? "delta" : "message");
            if (!chunk)
            {
                json.WriteString("role", "assistant");
            }

            json.WriteString("content", text);
            json.WriteEndObject();
        }
    }
}
