using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Rules of <c>coordination.k8s.io/v1</c> Lease, as kube-apiserver has them (tests/Preheat.ClusterTests compares the answers).</summary>
internal static class LeaseRules
{
    public static IEnumerable<Cause> Check(JsonObject json)
    {
        var spec = json.Map("spec");
        foreach (var name in new[] { "acquireTime", "renewTime" })
        {
            if (spec.Text(name) is { } text && !IsMicroTime(text))
            {
                throw ApiException.BadRequest($"Lease in version \"v1\" cannot be handled as a Lease: parsing time \"{text}\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse it (spec.{name})");
            }
        }

        if (spec.Number("leaseDurationSeconds") is <= 0 and var seconds)
        {
            yield return Cause.Invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0");
        }

        if (spec.Number("leaseTransitions") is < 0 and var transitions)
        {
            yield return Cause.Invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0");
        }
    }

    /// <summary>RFC 3339 with a fraction, which Go's parser takes in any number of digits but none.</summary>
    private static bool IsMicroTime(string text) =>
        text.Contains('.', StringComparison.Ordinal) && DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);
}
