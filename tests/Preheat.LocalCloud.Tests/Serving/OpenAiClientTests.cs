using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

namespace Preheat.LocalCloud.Tests.Serving;

/// <summary>The published OpenAI package as an independent client.</summary>
public sealed class OpenAiClientTests
{
    [Fact]
    public async Task Chats()
    {
        await using var server = await TestServer.StartedAsync();

        var answer = (await Client(server).GetChatClient("org/tiny").CompleteChatAsync(
            [new SystemChatMessage("Be short."), new UserChatMessage("Hello")],
            new ChatCompletionOptions { MaxOutputTokenCount = 12, Temperature = 0 })).Value;

        answer.Role.ShouldBe(ChatMessageRole.Assistant);
        answer.Content[0].Text.Split(' ').Length.ShouldBe(12);
        answer.FinishReason.ShouldBe(ChatFinishReason.Length);
        answer.Usage.OutputTokenCount.ShouldBe(12);
        answer.Usage.TotalTokenCount.ShouldBe(answer.Usage.InputTokenCount + 12);
        answer.Model.ShouldBe("org/tiny");
    }

    [Fact]
    public async Task Streams()
    {
        await using var server = await TestServer.StartedAsync();
        var text = "";
        var updates = 0;
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;

        await foreach (var update in Client(server).GetChatClient("org/tiny").CompleteChatStreamingAsync([new UserChatMessage("Hello")], new ChatCompletionOptions { MaxOutputTokenCount = 8 }))
        {
            updates++;
            text += string.Concat(update.ContentUpdate.Select(c => c.Text));
            usage ??= update.Usage;
            finish ??= update.FinishReason;
        }

        text.Split(' ').Length.ShouldBe(8);
        finish.ShouldBe(ChatFinishReason.Length);
        // The package asks for the usage by itself.
        usage!.OutputTokenCount.ShouldBe(8);
        updates.ShouldBe(10);
    }

    [Fact]
    public async Task Lists_models()
    {
        await using var server = await TestServer.StartedAsync();
        var models = await Client(server).GetOpenAIModelClient().GetModelsAsync();
        models.Value.Select(m => m.Id).ShouldBe(["org/tiny", "alias"]);
        models.Value[0].OwnedBy.ShouldBe("vllm");
    }

    [Fact]
    public async Task Sees_errors_with_their_status_and_message()
    {
        await using var server = await TestServer.StartedAsync("--api-key", "right");

        var missing = await Should.ThrowAsync<ClientResultException>(() => Client(server, "right").GetChatClient("org/none").CompleteChatAsync([new UserChatMessage("x")]));
        missing.Status.ShouldBe(404);
        missing.Message.ShouldContain("The model `org/none` does not exist.");

        var bad = await Should.ThrowAsync<ClientResultException>(() => Client(server, "right").GetChatClient("org/tiny").CompleteChatAsync([new UserChatMessage("x")], new ChatCompletionOptions { Temperature = -1 }));
        bad.Status.ShouldBe(400);

        var denied = await Should.ThrowAsync<ClientResultException>(() => Client(server, "wrong").GetChatClient("org/tiny").CompleteChatAsync([new UserChatMessage("x")]));
        denied.Status.ShouldBe(401);
    }

    private static OpenAIClient Client(TestServer server, string key = "none") =>
        new(new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(server.Client.BaseAddress!, "v1") });
}
