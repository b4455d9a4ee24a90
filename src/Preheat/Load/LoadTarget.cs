namespace Preheat.Load;

/// <summary>One request of a load test, ready to be sent any number of times.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Address">Absolute address at the endpoint.</param>
/// <param name="Headers">In the order they are sent.</param>
/// <param name="Body">Bytes of the body; empty means none.</param>
public sealed record LoadTarget(HttpMethod Method, Uri Address, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>The generated request of <paramref name="options"/> for a served model.</summary>
    public static LoadTarget Generate(LoadOptions options, Uri baseAddress, string servedModelName)
    {
        var request = new CompletionRequest(servedModelName, options.Prompt, options.MaxTokens, options.Stream) { TopP = options.TopP };
        return new(HttpMethod.Post, new Uri(baseAddress, request.PathOf(options.Dialect)), [new("Content-Type", "application/json")], request.ToBody(options.Dialect));
    }

    /// <summary>A new message; the body's bytes are shared.</summary>
    internal HttpRequestMessage ToMessage(HttpClient client)
    {
        var message = new HttpRequestMessage(Method, Address) { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        if (Body.Length > 0)
            message.Content = new ReadOnlyMemoryContent(Body);
        foreach (var (name, value) in Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                (message.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
        }
        return message;
    }
}
