using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>
/// Order of a kind's versions: v2, v1, v2beta1, v1beta2, v1alpha1, then others by name
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority).
/// </summary>
internal sealed partial class VersionOrder : IComparer<string?>
{
    public static readonly VersionOrder PreferredFirst = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (Rank(x ?? ""), Rank(y ?? ""));
        return left == (0, 0, 0) && right == (0, 0, 0) ? string.CompareOrdinal(x, y) : right.CompareTo(left);
    }

    private static (int Stage, int Major, int Minor) Rank(string version)
    {
        var match = Version().Match(version);
        return !match.Success ? (0, 0, 0)
            : (match.Groups[2].Value switch { "" => 3, "beta" => 2, _ => 1 }, Number(match.Groups[1].Value), Number(match.Groups[3].Value));
    }

    private static int Number(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"\Av([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Version();
}
