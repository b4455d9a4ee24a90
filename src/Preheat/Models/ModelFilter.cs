using System.Text;
using System.Text.RegularExpressions;

namespace Preheat.Models;

/// <summary>Which of a model's files are taken, by globs as the hub's own tools read them (huggingface_hub, <c>filter_repo_objects</c>).</summary>
/// <remarks><c>*</c> matches any characters, also <c>/</c>; <c>?</c> one; <c>[abc]</c> and <c>[!abc]</c> one of a set; a pattern that ends in <c>/</c> means all below it. Case counts.</remarks>
public sealed record ModelFilter
{
    /// <summary>Takes what the server needs.</summary>
    public static readonly ModelFilter Default = new([], []);

    private const int LongestPattern = 512;

    private readonly Regex[] _include;
    private readonly Regex[] _exclude;

    private ModelFilter(IReadOnlyList<string> include, IReadOnlyList<string> exclude)
    {
        Include = include;
        Exclude = exclude;
        _include = [.. include.Select(Compile)];
        _exclude = [.. exclude.Select(Compile)];
    }

    /// <summary>When there are any, they take the place of the default choice. Sorted.</summary>
    public IReadOnlyList<string> Include { get; }

    /// <summary>Taken away from the choice. Sorted.</summary>
    public IReadOnlyList<string> Exclude { get; }

    /// <summary>Reads patterns as a user wrote them; empty ones are left out.</summary>
    /// <exception cref="UserException">A pattern that can match no path inside a repository.</exception>
    public static ModelFilter Parse(IEnumerable<string>? include, IEnumerable<string>? exclude) =>
        new(Checked("--model-include", include), Checked("--model-exclude", exclude));

    /// <summary>True when the choice may hold a path that a server does not need by itself.</summary>
    public bool Includes(string path) => _include.Any(pattern => pattern.IsMatch(path)) && !_exclude.Any(pattern => pattern.IsMatch(path));

    /// <summary>The files to take, sorted: <paramref name="needed"/> (what the server needs) or what the patterns name, without what they exclude.</summary>
    public IReadOnlyList<ModelFile> Choose(IReadOnlyList<ModelFile> all, IReadOnlyList<ModelFile> needed) =>
        _include.Length == 0 && _exclude.Length == 0
            ? needed
            : [.. (_include.Length == 0 ? needed : all.Where(file => _include.Any(pattern => pattern.IsMatch(file.Path))))
                .Where(file => !_exclude.Any(pattern => pattern.IsMatch(file.Path)))
                .OrderBy(file => file.Path, StringComparer.Ordinal)];

    private static List<string> Checked(string parameter, IEnumerable<string>? patterns)
    {
        var clean = (patterns ?? []).Where(pattern => !string.IsNullOrWhiteSpace(pattern)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (clean.Find(pattern => pattern.Length > LongestPattern || pattern[0] is '/' || pattern.Contains('\\') || pattern.Split('/').Contains("..") || pattern.Any(char.IsControl)) is { } wrong)
            throw new UserException($"{parameter} '{wrong}' is not allowed. Give a glob of paths inside the repository, such as '*.safetensors' or 'original/*'.");
        return clean;
    }

    private static Regex Compile(string glob)
    {
        var pattern = new StringBuilder("^");
        var text = glob.EndsWith('/') ? glob + "*" : glob;
        for (var i = 0; i < text.Length; i++)
        {
            // A set needs its end; a bracket alone is itself. The first character after the bracket may be the closing one.
            var end = text[i] == '[' && i + 2 < text.Length ? text.IndexOf(']', i + (text[i + 1] == '!' ? 3 : 2)) : -1;
            if (end > 0)
            {
                var negated = text[i + 1] == '!';
                var set = text[(i + (negated ? 2 : 1))..end].Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal).Replace("^", "\\^", StringComparison.Ordinal);
                pattern.Append('[').Append(negated ? "^" : "").Append(set).Append(']');
                i = end;
                continue;
            }
            pattern.Append(text[i] switch { '*' => ".*", '?' => ".", var other => Regex.Escape(other.ToString()) });
        }
        try
        {
            // Strangers' patterns and paths: time must stay linear.
            return new Regex(pattern.Append("\\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        }
        catch (ArgumentException exception)
        {
            throw new UserException($"The glob '{glob}' is not good: its set in [ ] has a range that runs backwards. Correct it.", exception);
        }
    }
}
