namespace Preheat.LocalCloud.Hub;

/// <summary>Who may read what.</summary>
public static class HubAccess
{
    /// <summary>The documented token of the account that has accepted the terms of <c>preheat/tiny-gemma-2-gated</c>. It opens nothing else anywhere.</summary>
    public const string DemoToken = "hf_preheat_demo";

    private const string Prefix = "hf_";

    /// <summary>Whether a token, or none, opens the content of a repository. The hub's code for the refusal; null where it opens.</summary>
    internal static int? Refusal(HubModel model, string? token) =>
        model.RequiredToken is null || token == model.RequiredToken ? null : token is null ? 401 : 403;

    /// <summary>A user access token as the hub gives them out: <c>hf_</c> and letters, digits or underscores. Another is refused before anything is looked up.</summary>
    public static bool IsWellFormed(string token) =>
        token.Length > Prefix.Length && token.StartsWith(Prefix, StringComparison.Ordinal) && token.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');
}
