using System.Text.RegularExpressions;

namespace Preheat.Manifests.Schemas;

/// <summary>Checks the structure of an object against the type of its kind: unknown fields, wrong types, bad quantities, missing fields, items that stand twice.</summary>
internal sealed partial class SchemaCheck(ICollection<string> problems)
{
    // What the server writes (kubernetes.io, "API conventions"); in a manifest it is left over from a dump of a live object.
    private static readonly string[] ServerFields = ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

    /// <summary>Adds every problem of an object, with file, line and path. Of a kind that is not known only the metadata is checked.</summary>
    public void Check(ManifestObject value)
    {
        var table = SchemaTable.Known;
        if (table.Find(value.ApiVersion, value.Kind) is { } type)
            Check(value.Root, type, "");
        else if (table.VersionsOf(value.Kind) is [_, ..] versions)
            problems.Add($"{value.Root["apiVersion"]!.At}: apiVersion: {value.Kind} is in {string.Join(" and ", versions)}, not in {value.ApiVersion}.");
        else if (table.KindsIn(value.ApiVersion) is [_, ..] kinds && NearestName.Find(value.Kind, kinds) is { } near)
            problems.Add($"{value.Root["kind"]!.At}: kind: {value.ApiVersion} has no {value.Kind}; did you mean '{near}'?");
        else if (value.Root["metadata"] is { } metadata)
            Check(metadata, table.Find("v1", "ConfigMap")!.Child("metadata"), "metadata");
        foreach (var field in ServerFields)
        {
            if (value.Root.Find("metadata", field) is { } written)
                problems.Add($"{written.At}: metadata.{field} is written by the server; leave it out.");
        }
        if (value.Root["status"] is { } status)
            problems.Add($"{status.At}: status is written by the server; leave it out.");
    }

    /// <summary>True for a number with an optional suffix (kubernetes.io, reference "Quantity").</summary>
    public static bool IsQuantity(string text) => QuantityForm().IsMatch(text);

    private void Check(YamlValue value, KindSchema type, string path)
    {
        // A null is as good as absent, and required fields are looked for by their owner.
        if (value is YamlScalar { Kind: ScalarKind.Null } || type.Form is SchemaForm.Any)
            return;
        switch (type.Form)
        {
            case SchemaForm.Struct when value is YamlMap map:
                CheckStruct(map, type, path);
                break;
            case SchemaForm.Map when value is YamlMap map:
                foreach (var entry in map.Entries)
                    Check(entry.Value, type.Item!, Join(path, entry.Key));
                break;
            case SchemaForm.List when value is YamlList list:
                CheckList(list, type, path);
                break;
            case SchemaForm.Struct or SchemaForm.Map or SchemaForm.List:
                problems.Add($"{value.At}: {path} must be {(type.Form is SchemaForm.List ? "a list" : "a mapping")}, not {value.Shape}.");
                break;
            default:
                CheckScalar(value, type, path);
                break;
        }
    }

    private void CheckStruct(YamlMap map, KindSchema type, string path)
    {
        foreach (var entry in map.Entries)
        {
            if (type.Fields.TryGetValue(entry.Key, out var field))
                Check(entry.Value, field.Type, Join(path, entry.Key));
            else
                problems.Add($"{entry.At}: {Join(path, entry.Key)}: {type.Name} has no field '{entry.Key}'{NearestName.Hint(entry.Key, type.Fields.Keys)}");
        }
        foreach (var field in type.Fields.Values.Where(field => field.Required && (map[field.Name] is null or YamlScalar { Kind: ScalarKind.Null })))
            problems.Add($"{map.At}: {Join(path, field.Name)} is missing; {type.Name} needs it.");
    }

    private void CheckList(YamlList list, KindSchema type, string path)
    {
        var seen = new Dictionary<string, SourcePosition>(StringComparer.Ordinal);
        for (var index = 0; index < list.Items.Count; index++)
        {
            var item = list.Items[index];
            Check(item, type.Item!, $"{path}[{index}]");
            if (ListKeys.Of(item, type) is not { } key)
                continue;
            if (!seen.TryAdd(key, item.At))
                problems.Add($"{item.At}: {path}[{index}]: {key} stands here a second time; the first is in {seen[key]}.");
        }
    }

    private void CheckScalar(YamlValue value, KindSchema type, string path)
    {
        if (value is not YamlScalar scalar || !HasForm(scalar, type.Form))
        {
            var quote = type.Form is SchemaForm.Text ? " Quote it." : value is YamlScalar { Kind: ScalarKind.String } ? " Leave out the quotes." : "";
            var found = value is YamlScalar { Text.Length: > 0 } text ? $"{value.Shape} ({text.Text})" : value.Shape;
            problems.Add($"{value.At}: {path} must be {Describe(type.Form)}, not {found}.{(value is YamlScalar { Quoted: false, Kind: ScalarKind.String } ? "" : quote)}");
            return;
        }
        if (type.Form is SchemaForm.Quantity && !IsQuantity(scalar.Text))
            problems.Add($"{value.At}: {path}: '{scalar.Text}' is no quantity. Write a number with m, k, M, G, T, Ki, Mi, Gi or Ti behind it, such as 500m or 24Gi.");
        if (type.Allowed.Count > 0 && !type.Allowed.Contains(scalar.Text))
            problems.Add($"{value.At}: {path}: '{scalar.Text}' is none of {string.Join(", ", type.Allowed.Where(word => word.Length > 0))}{NearestName.Hint(scalar.Text, type.Allowed)}");
    }

    private static bool HasForm(YamlScalar scalar, SchemaForm form) => form switch
    {
        SchemaForm.Text => scalar.Kind is ScalarKind.String,
        SchemaForm.Whole => scalar.Kind is ScalarKind.Integer,
        SchemaForm.Boolean => scalar.Kind is ScalarKind.Boolean,
        SchemaForm.WholeOrText => scalar.Kind is ScalarKind.Integer or ScalarKind.String,
        _ => scalar.Kind is ScalarKind.Integer or ScalarKind.Float or ScalarKind.String,
    };

    private static string Describe(SchemaForm form) => form switch
    {
        SchemaForm.Text => "a string",
        SchemaForm.Whole => "a whole number",
        SchemaForm.Boolean => "true or false",
        SchemaForm.WholeOrText => "a whole number or a string",
        _ => "a quantity",
    };

    private static string Join(string path, string key) => path.Length == 0 ? key : key.Contains('.', StringComparison.Ordinal) ? $"{path}[{key}]" : $"{path}.{key}";

    [GeneratedRegex(@"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|[MGTPE]i?|Ki|[un]|[eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex QuantityForm();
}
