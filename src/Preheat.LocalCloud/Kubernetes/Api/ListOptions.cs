using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// Which version of a collection a list wants and where its page begins
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions and …/#retrieving-large-results-sets-in-chunks).
/// </summary>
/// <param name="Exact">The list as it was at this version; null for the present one.</param>
/// <param name="After">Key behind which the page begins; empty for the first page.</param>
internal sealed record ListOptions(long? Exact, string After, int Limit)
{
    private const string TokenVersion = "meta.k8s.io/v1";

    /// <summary>400 and 422 for options that do not go together, 504 for a version that does not exist yet.</summary>
    public static ListOptions Read(IQueryCollection query, long present)
    {
        var (version, match, token) = (query["resourceVersion"].ToString(), query["resourceVersionMatch"].ToString(), query["continue"].ToString());
        var limit = int.TryParse(query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked > 0 ? asked : int.MaxValue;
        if (query["sendInitialEvents"].Count > 0)
        {
            throw Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }

        if (match is not ("" or "Exact" or "NotOlderThan"))
        {
            throw Invalid($"resourceVersionMatch: Unsupported value: \"{match}\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
        }

        if (match.Length > 0 && version.Length == 0)
        {
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }

        if (match == "Exact" && version == "0")
        {
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }

        if (token.Length > 0)
        {
            return match.Length > 0 ? throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
                : version is not ("" or "0") ? throw ApiException.BadRequest("specifying resource version is not allowed when using continue")
                : Decode(token, limit);
        }

        if (version is "" or "0")
        {
            return new ListOptions(Exact: null, "", limit);
        }

        if (!long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw Invalid($"resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax");
        }

        return number > present ? throw ApiException.TooLargeVersion(number, present) : new ListOptions(match == "Exact" ? number : null, "", limit);
    }

    /// <summary>The token of the page behind <paramref name="last"/>. A negative <paramref name="version"/> continues with whatever is there then.</summary>
    public static string Token(long version, string last) =>
        Convert.ToBase64String(KubeJson.Serialize(new JsonObject { ["v"] = TokenVersion, ["rv"] = version, ["start"] = last }));

    private static ListOptions Decode(string token, int limit)
    {
        try
        {
            var json = KubeJson.Parse(Convert.FromBase64String(token));
            if (json.Text("v") == TokenVersion && json.Number("rv") is { } version && json.Text("start") is { Length: > 0 } after)
            {
                return new ListOptions(version < 0 ? null : version, after, limit);
            }
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // Not one of ours.
        }

        throw ApiException.BadRequest("continue key is not valid");
    }

    private static ApiException Forbidden(string field, string detail) => Invalid($"{field}: Forbidden: {detail}");

    /// <summary>422 for options that the API server refuses.</summary>
    public static ApiException Invalid(string fault) => new(422, "Invalid", $"ListOptions.meta.k8s.io \"\" is invalid: {fault}");
}
