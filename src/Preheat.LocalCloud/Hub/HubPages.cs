using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Hub;

/// <summary>Answers a list in pages: <c>limit</c> and <c>cursor</c> in the query, the next page in the <c>Link</c> header (RFC 8288).</summary>
internal static class HubPages
{
    /// <summary>Entries of a page when the request does not say, and the most it may say; the real hub's is 1,000.</summary>
    private const int Longest = 1000;

    public static Task SendAsync(HttpContext context, JsonArray entries)
    {
        var request = context.Request;
        var limit = int.TryParse(request.Query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked > 0 ? Math.Min(asked, Longest) : Longest;
        if (StartOf(request.Query["cursor"].ToString()) is not { } start || start > entries.Count)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            context.Response.Headers["X-Error-Message"] = "Invalid cursor";
            return JsonAnswer.SendAsync(context, new JsonObject { ["error"] = "Invalid cursor" });
        }

        if (start + limit < entries.Count)
        {
            var query = request.Query.Where(pair => pair.Key is not "cursor").Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value.ToString())}");
            var next = string.Join('&', query.Append($"cursor={Uri.EscapeDataString(CursorAt(start + limit))}"));
            context.Response.Headers.Link = $"<{request.Scheme}://{request.Host}{request.Path}?{next}>; rel=\"next\"";
        }

        return JsonAnswer.SendAsync(context, new JsonArray([.. entries.Skip(start).Take(limit).Select(entry => entry!.DeepClone())]));
    }

    /// <summary>Opaque to clients, as the hub's own: nobody is to count on a number.</summary>
    private static string CursorAt(int position) => Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"at\":{position}}}")));

    private static int? StartOf(string cursor)
    {
        if (cursor.Length == 0)
        {
            return 0;
        }

        try
        {
            return JsonNode.Parse(Convert.FromBase64String(cursor)) is JsonObject state && (int?)state["at"] is >= 0 and var at ? at : null;
        }
        catch (Exception error) when (error is FormatException or System.Text.Json.JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
