namespace Nuke.Common;

/// <summary>A value that comes from the command line, the environment or a parameters file; the strongest source wins, in this order.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public class ParameterAttribute(string? description = null) : Attribute
{
    /// <summary>Text for <c>--help</c>.</summary>
    public virtual string? Description { get; } = description;

    /// <summary>Name of the option; the member's name when null.</summary>
    public string? Name { get; set; }

    /// <summary>One character that separates the values of an array.</summary>
    public string? Separator { get; set; }

    /// <summary>False leaves the parameter out of <c>--help</c>.</summary>
    public virtual bool List { get; set; } = true;

    /// <summary>The type that holds <see cref="ValueProviderMember"/>; the build class when null.</summary>
    public Type? ValueProviderType { get; set; }

    /// <summary>Name of a member of type <c>IEnumerable&lt;string&gt;</c> with the allowed values; any other value does not convert.</summary>
    public string? ValueProviderMember { get; set; }
}

/// <summary>The value never appears in the output: every occurrence is printed as <c>***</c>.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Parameter)]
public class SecretAttribute : Attribute;

/// <summary>The parameter must have a value before anything runs.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public class RequiredAttribute : Attribute;

/// <summary>The parameter may have no value (default).</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public class OptionalAttribute : Attribute;

/// <summary>The names of all parameters of a component start with this word.</summary>
[AttributeUsage(AttributeTargets.Interface, Inherited = false)]
public class ParameterPrefixAttribute(string prefix) : Attribute
{
    /// <summary>The word, without a trailing <c>Prefix</c>.</summary>
    public string Prefix { get; } = prefix.EndsWith("Prefix", StringComparison.Ordinal) ? prefix[..^"Prefix".Length] : prefix;
}
