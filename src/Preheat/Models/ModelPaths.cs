namespace Preheat.Models;

/// <summary>Rules for the paths of a model's files, which strangers choose.</summary>
public static class ModelPaths
{
    private const int Longest = 1024;

    /// <summary>True for a relative path with forward slashes, without empty, <c>.</c> or <c>..</c> parts, backslashes or control characters.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= Longest
        && !path.Any(character => char.IsControl(character) || character is '\\' or '\uFFFD')
        && path.Split('/').All(part => part is not ("" or "." or ".."));
}
