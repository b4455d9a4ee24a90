namespace Preheat.Manifests.Schemas;

/// <summary>Forms of a value.</summary>
internal enum SchemaForm
{
    Text,
    Whole,
    Boolean,
    Quantity,

    /// <summary>A port or a share: a number or a text.</summary>
    WholeOrText,
    Any,
    Struct,
    Map,
    List,
}

/// <summary>One field of a struct.</summary>
internal sealed record SchemaField(string Name, KindSchema Type, bool Required);

/// <summary>What a value may be, and by which keys its list is merged.</summary>
internal sealed class KindSchema
{
    public static readonly KindSchema Any = new() { Form = SchemaForm.Any };

    public required SchemaForm Form { get; init; }

    /// <summary>Name of a struct: <c>PodSpec</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>Objects of this kind belong to no namespace.</summary>
    public bool IsClusterScoped { get; init; }

    /// <summary>Words allowed for a text; empty allows all.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>Fields of a struct; filled after construction, since types refer to one another.</summary>
    public Dictionary<string, SchemaField> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>Element of a list, value of a map.</summary>
    public KindSchema? Item { get; init; }

    /// <summary>Fields that tell the items of a list apart, each with what a missing one stands for; none where a list is replaced as a whole.</summary>
    public IReadOnlyList<(string Field, string? Default)> Keys { get; init; } = [];

    /// <summary>Type of the field <paramref name="name"/> of a value; <see cref="Any"/> where nothing is known.</summary>
    public KindSchema Child(string name) => Form switch
    {
        SchemaForm.Struct => Fields.TryGetValue(name, out var field) ? field.Type : Any,
        SchemaForm.Map => Item ?? Any,
        _ => Any,
    };
}
