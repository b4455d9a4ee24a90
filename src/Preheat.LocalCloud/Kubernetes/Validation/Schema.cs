namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>Forms of a value.</summary>
internal enum SchemaForm
{
    Text,
    Integer,
    Number,
    Boolean,
    Quantity,

    /// <summary>A port or a share: a number or a text.</summary>
    IntegerOrText,
    Any,
    Struct,
    Map,
    List,
}

/// <summary>How server-side apply merges a list: whole, by its items' keys, or as a set of scalars.</summary>
internal enum ListMerge
{
    Atomic,
    ByKey,
    Set,
}

/// <summary>One field of a struct.</summary>
internal sealed record SchemaField(string Name, Schema Type, bool Required);

/// <summary>What a value may be and how it merges: the part of the OpenAPI document that this cluster uses.</summary>
internal sealed class Schema
{
    public required SchemaForm Form { get; init; }

    public string Name { get; init; } = "";

    /// <summary>A struct or map that one manager owns as a whole.</summary>
    public bool Atomic { get; init; }

    /// <summary>A struct that keeps fields it does not name.</summary>
    public bool Open { get; init; }

    /// <summary>A null is a value here, not an absent field.</summary>
    public bool Nullable { get; init; }

    /// <summary>Values allowed for a text; empty allows all.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>Fields of a struct; filled after construction, since types may refer to one another.</summary>
    public Dictionary<string, SchemaField> Fields { get; } = [];

    /// <summary>Element of a list, value of a map.</summary>
    public Schema? Item { get; init; }

    public ListMerge Merge { get; init; }

    /// <summary>Key fields of a list merged by key, with the value that a missing one stands for.</summary>
    public IReadOnlyList<(string Field, string? Default)> Keys { get; init; } = [];

    public static readonly Schema Any = new() { Form = SchemaForm.Any };

    /// <summary>Type of the field <paramref name="name"/> inside a value of this type; <see cref="Any"/> where nothing is known.</summary>
    public Schema Child(string name) => Form switch
    {
        SchemaForm.Struct => Fields.TryGetValue(name, out var field) ? field.Type : Any,
        SchemaForm.Map => Item ?? Any,
        _ => Any,
    };
}
