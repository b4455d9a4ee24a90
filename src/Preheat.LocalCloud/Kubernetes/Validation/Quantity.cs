using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// An amount of a resource: <c>12</c>, <c>500m</c>, <c>48Gi</c>, <c>1e3</c>
/// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
/// </summary>
internal static partial class Quantity
{
    private static readonly Dictionary<string, decimal> Suffixes = new(StringComparer.Ordinal)
    {
        [""] = 1m, ["n"] = 1e-9m, ["u"] = 1e-6m, ["m"] = 1e-3m, ["k"] = 1e3m, ["M"] = 1e6m, ["G"] = 1e9m, ["T"] = 1e12m, ["P"] = 1e15m, ["E"] = 1e18m,
        ["Ki"] = 1L << 10, ["Mi"] = 1L << 20, ["Gi"] = 1L << 30, ["Ti"] = 1L << 40, ["Pi"] = 1L << 50, ["Ei"] = 1L << 60,
    };

    /// <summary>Pattern that the API server's own message names.</summary>
    public const string Expected = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    /// <summary>Value in base units; false when the node is no quantity.</summary>
    public static bool TryParse(JsonNode? node, out decimal value)
    {
        value = 0;
        var text = node is not JsonValue scalar ? null : scalar.GetValueKind() switch
        {
            JsonValueKind.String => scalar.GetValue<string>(),
            JsonValueKind.Number => scalar.ToJsonString(),
            _ => null,
        };
        if (text is null || text.Length > 64 || Form().Match(text) is not { Success: true } match)
        {
            return false;
        }

        var number = match.Groups["number"].Value + match.Groups["exponent"].Value;
        if (!decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        try
        {
            value *= Suffixes[match.Groups["suffix"].Value];
            return true;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    /// <summary>Value in base units; 0 where there is none.</summary>
    public static decimal ValueOf(JsonNode? node) => TryParse(node, out var value) ? value : 0;

    [GeneratedRegex(@"^(?<number>[+-]?(\d+(\.\d*)?|\.\d+))((?<exponent>[eE][+-]?\d{1,3})|(?<suffix>[KMGTPE]i|[numkMGTPE])?)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
