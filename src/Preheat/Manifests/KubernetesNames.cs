using System.Text.RegularExpressions;

namespace Preheat.Manifests;

/// <summary>What Kubernetes accepts as names, label keys and label values (kubernetes.io, "Object Names and IDs" and "Labels and Selectors").</summary>
internal static partial class KubernetesNames
{
    /// <summary>RFC 1123 subdomain: most objects.</summary>
    public static bool IsSubdomain(string text) => text.Length <= 253 && SubdomainForm().IsMatch(text);

    /// <summary>RFC 1123 label: namespaces, containers.</summary>
    public static bool IsLabel(string text) => text.Length <= 63 && LabelForm().IsMatch(text);

    /// <summary>RFC 1035 label: Services; a letter comes first.</summary>
    public static bool IsServiceName(string text) => IsLabel(text) && char.IsAsciiLetter(text[0]);

    public static bool IsLabelValue(string text) => text.Length == 0 || (text.Length <= 63 && QualifiedForm().IsMatch(text));

    /// <summary>An optional DNS prefix and a name: <c>ai.gke.io/model</c>.</summary>
    public static bool IsLabelKey(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var name = text[(slash + 1)..];
        return (slash < 0 || IsSubdomain(text[..slash])) && name.Length is > 0 and <= 63 && QualifiedForm().IsMatch(name);
    }

    /// <summary>An image pinned to a digest: <c>HOST/NAME@sha256:…</c>.</summary>
    public static bool IsImageByDigest(string text) => ImageForm().IsMatch(text);

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex SubdomainForm();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex LabelForm();

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex QualifiedForm();

    [GeneratedRegex(@"^[^@\s]+@sha256:[0-9a-f]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ImageForm();
}
