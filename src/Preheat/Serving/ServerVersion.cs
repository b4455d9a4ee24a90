using System.Text.RegularExpressions;

namespace Preheat.Serving;

/// <summary>The version of an inference server, as far as the name of its image tells: <c>vllm/vllm-openai:v0.11.1</c>.</summary>
/// <remarks>What a server's command line accepts changes with its version, and an unknown argument ends it; so arguments depend on this and on nothing else.</remarks>
internal sealed partial record ServerVersion
{
    /// <summary>The version; null when the name does not tell.</summary>
    public Version? Number { get; private init; }

    /// <summary>True for the images of vLLM that Vertex AI's Model Garden publishes: they start the simple <c>api_server</c>.</summary>
    public bool IsVertex { get; private init; }

    /// <summary>The server whose published image it is: <c>vllm</c> or <c>tgi</c>; null when the name does not tell.</summary>
    public string? Server { get; private init; }

    public string DefaultApi => IsVertex ? "generate" : "openai";

    /// <summary>vLLM logs each request unless told otherwise; the flag went with 0.12 (docs.vllm.ai, <c>vllm serve</c>, 0.11 and 0.12).</summary>
    public bool KnowsDisableLogRequests => Number is { } number && number < new Version(0, 12);

    /// <summary>False for a vLLM that cannot log in to Cloud Storage by itself: those before 0.11.1.</summary>
    public bool StreamsFromCloudStorage => Number is null || Number >= new Version(0, 11, 1);

    public static ServerVersion Of(string image)
    {
        var tag = TagForm().Match(image);
        var vertex = image.Contains("/vertex-vision-model-garden-dockers/pytorch-vllm-serve", StringComparison.Ordinal);
        return new()
        {
            Number = tag.Success ? Version.Parse(tag.Groups["version"].Value) : null,
            IsVertex = vertex,
            Server = vertex || image.Contains("vllm/vllm-openai", StringComparison.Ordinal) ? "vllm" : image.Contains("huggingface/text-generation-inference", StringComparison.Ordinal) ? "tgi" : null,
        };
    }

    [GeneratedRegex(@":v?(?<version>[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?)([^0-9].*)?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex TagForm();
}
