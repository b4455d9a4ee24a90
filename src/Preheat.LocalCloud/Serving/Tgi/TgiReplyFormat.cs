using System.Text.Json;
using Preheat.LocalCloud.Serving.Api;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>TGI's OpenAI answers: no <c>id</c>, and the role in every chunk of a chat.</summary>
internal sealed class TgiReplyFormat(bool chat) : ReplyFormat
{
    public static new ReplyFormat Completion { get; } = new TgiReplyFormat(chat: false);

    public static new ReplyFormat Chat { get; } = new TgiReplyFormat(chat: true);

    public override bool BeginsWithRole => false;

    protected override string IdPrefix => "";

    public override string NewId() => "";

    public override string ObjectName(bool chunk) => !chat ? "text_completion" : chunk ? "chat.completion.chunk" : "chat.completion";

    // The validation's rule is in force.
    public override int DefaultMaxTokens(int room) => room;

    public override void WriteText(Utf8JsonWriter json, string text, bool chunk)
    {
        if (!chat)
        {
            json.WriteString("text", text);
            return;
        }

        json.WriteStartObject(chunk ? "delta" : "message");
        json.WriteString("role", "assistant");
        json.WriteString("content", text);
        json.WriteEndObject();
    }
}
