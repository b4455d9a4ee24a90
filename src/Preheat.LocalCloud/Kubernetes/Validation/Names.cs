using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// Rules for names, labels and annotations (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/).
/// </summary>
internal static partial class Names
{
    private const int AnnotationBytes = 256 * 1024;

    private const string SubdomainRule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with " +
        "an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelRule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
        "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string QualifiedRule = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string ValueRule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    /// <summary>Null when the text is a DNS-1123 subdomain of at most 253 characters.</summary>
    public static string? SubdomainFault(string text) =>
        text.Length > 253 ? "must be no more than 253 characters" : Subdomain().IsMatch(text) ? null : SubdomainRule;

    /// <summary>Null when the text is a DNS-1123 label of at most 63 characters.</summary>
    public static string? LabelFault(string text) =>
        text.Length > 63 ? "must be no more than 63 characters" : Label().IsMatch(text) ? null : LabelRule;

    /// <summary>Null when the text may be a label's value.</summary>
    public static string? LabelValueFault(string text) =>
        text.Length > 63 ? "must be no more than 63 characters" : Value().IsMatch(text) ? null : ValueRule;

    /// <summary>Null when the text may be a label's or annotation's key: an optional DNS prefix and a name of at most 63 characters.</summary>
    public static string? KeyFault(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && SubdomainFault(text[..slash]) is { } prefixFault)
        {
            return slash == 0 ? "prefix part must be non-empty" : $"prefix part {prefixFault}";
        }

        var name = text[(slash + 1)..];
        return name.Length == 0 ? "name part must be non-empty" : name.Length > 63 ? "name part must be no more than 63 characters"
            : QualifiedName().IsMatch(name) ? null : QualifiedRule;
    }

    /// <summary>Faults of an object's own metadata.</summary>
    public static IEnumerable<Cause> Metadata(ResourceKind kind, JsonObject json)
    {
        var name = json.Text("metadata", "name");
        if (string.IsNullOrEmpty(name))
        {
            yield return Cause.Required("metadata.name", "name or generateName is required");
        }
        else if ((IsLabelNamed(kind) ? kind == ResourceKinds.Service ? ServiceFault(name) : LabelFault(name) : SubdomainFault(name)) is { } fault)
        {
            yield return Cause.Invalid("metadata.name", name, fault);
        }

        foreach (var cause in Labels(json.Map("metadata", "labels"), "metadata.labels").Concat(Annotations(json.Map("metadata", "annotations"), "metadata.annotations")))
        {
            yield return cause;
        }
    }

    public static IEnumerable<Cause> Labels(JsonObject? labels, string field)
    {
        foreach (var (key, value) in labels.StringMap())
        {
            if (KeyFault(key) is { } keyFault)
            {
                yield return Cause.Invalid(field, key, keyFault);
            }

            if (LabelValueFault(value) is { } valueFault)
            {
                yield return Cause.Invalid(field, value, valueFault);
            }
        }
    }

    public static IEnumerable<Cause> Annotations(JsonObject? annotations, string field)
    {
        var size = 0;
        foreach (var (key, value) in annotations.StringMap())
        {
            size += key.Length + value.Length;
            if (KeyFault(key.ToLowerInvariant()) is { } fault)
            {
                yield return Cause.Invalid(field, key, fault);
            }
        }

        if (size > AnnotationBytes)
        {
            yield return new Cause("FieldValueTooLong", $"Too long: may not be more than {AnnotationBytes} bytes", field);
        }
    }

    private static bool IsLabelNamed(ResourceKind kind) => kind == ResourceKinds.Namespace || kind == ResourceKinds.Service;

    private static string? ServiceFault(string name) =>
        name.Length <= 63 && ServiceName().IsMatch(name) ? null
            : "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character " +
              "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Label();

    [GeneratedRegex(@"\A[a-z]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.NonBacktracking)]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"\A([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z", RegexOptions.NonBacktracking)]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"\A(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Value();
}
