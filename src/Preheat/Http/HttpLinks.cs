using System.Text.RegularExpressions;

namespace Preheat.Http;

/// <summary>Reads the <c>Link</c> header (RFC 8288).</summary>
public static partial class HttpLinks
{
    /// <summary>The target of the link whose <c>rel</c> names <c>next</c>, made absolute; null when there is no further page.</summary>
    /// <remarks>RFC 8288, section 3: targets may hold commas; <c>rel</c> is a token or a quoted list of relations in any case.</remarks>
    public static Uri? Next(HttpResponseMessage response, Uri page)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
            return null;
        foreach (Match link in LinkForm().Matches(string.Join(", ", links)))
        {
            var relations = ParameterForm().Matches(link.Groups["parameters"].Value)
                .FirstOrDefault(parameter => parameter.Groups["name"].Value.Equals("rel", StringComparison.OrdinalIgnoreCase))?.Groups["value"].Value.Trim('"');
            if (relations?.Split(' ').Contains("next", StringComparer.OrdinalIgnoreCase) == true && Uri.TryCreate(page, link.Groups["target"].Value, out var next))
                return next;
        }
        return null;
    }

    [GeneratedRegex("""<(?<target>[^>]*)>(?<parameters>(\s*;\s*[^\s;,="]+(\s*=\s*("[^"]*"|[^\s;,"]+))?)*)""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex LinkForm();

    [GeneratedRegex("""(?<name>[^\s;,="]+)\s*=\s*(?<value>"[^"]*"|[^\s;,"]+)""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ParameterForm();
}
