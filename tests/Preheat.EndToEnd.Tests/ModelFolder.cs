using Preheat.Testing;

namespace Preheat.EndToEnd.Tests;

/// <summary>A small model directory in the hub's layout: what a user names with <c>--model file:///path</c>.</summary>
public static class ModelFolder
{
    /// <summary>Writes config, tokenizer, two bf16 shards and their index.</summary>
    public static string Write(string folder) => SmallModel.Write(folder);
}
