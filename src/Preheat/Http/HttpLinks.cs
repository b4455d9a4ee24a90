namespace Preheat.Http;

/// <summary>Reads the <c>Link</c> header (RFC 8288).</summary>
public static class HttpLinks
{
    /// <summary>The target of <c>&lt;…&gt;; rel="next"</c>, made absolute; null when there is no further page.</summary>
    public static Uri? Next(HttpResponseMessage response, Uri page)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
            return null;
        foreach (var link in links.SelectMany(value => value.Split(',')).Select(value => value.Trim()))
        {
            var end = link.IndexOf('>');
            if (link.StartsWith('<') && end > 0 && link[end..].Contains("rel=\"next\"", StringComparison.OrdinalIgnoreCase))
                return new Uri(page, link[1..end]);
        }
        return null;
    }
}
