using System.Reflection;

namespace Nuke.Common.Parameters;

/// <summary>One parameter of the build or of the engine itself.</summary>
/// <param name="Name">Its name, with the component's prefix.</param>
/// <param name="Member">The field or property that carries the attribute; null for the engine's own.</param>
/// <param name="Type">What values convert to; for a nullable value type the type itself.</param>
/// <param name="Description">Text for help.</param>
internal sealed record ParameterDefinition(string Name, MemberInfo? Member, Type Type, string? Description)
{
    public bool IsSecret { get; init; }

    /// <summary>Whether the member can say that it has no value: <c>int?</c>.</summary>
    public bool IsNullable { get; init; }

    public bool IsRequired { get; init; }
    public bool IsListed { get; init; } = true;

    /// <summary>Splits one text into the values of an array; null when every text is one value.</summary>
    public char? Separator { get; init; }

    /// <summary>The allowed values, asked for once the build exists; null when any value will do.</summary>
    public Func<NukeBuild?, IReadOnlyList<string>?> AllowedValues { get; init; } = _ => null;

    /// <summary>The words that may be its value: the allowed values, or the names of an enumeration; null when any value will do.</summary>
    public IReadOnlyList<string>? Choices(NukeBuild? build) =>
        AllowedValues(build) ?? ((Type.GetElementType() ?? Type) is { IsEnum: true } type ? [.. Enum.GetNames(type).Select(ParameterNames.Dashed)] : null);

    /// <summary>The engine's own parameters are not taken from bare environment names: HOST, TARGET or PROFILE mean other things there.</summary>
    public bool IsEngineOwn => Member is null;

    public bool IsArray => Type.IsArray;

    /// <summary>Whether the option may stand without a value.</summary>
    public bool IsSwitch => Type == typeof(bool) || BareValue is not null;

    /// <summary>The value of an option that stands without one; null for what is true then, or must have one.</summary>
    public string? BareValue { get; init; }

    /// <summary>Whether the word after an option that may stand without a value is its value, and not a target.</summary>
    public bool IsValueOfSwitch(string word) =>
        bool.TryParse(word, out _) || (BareValue is not null && AllowedValues(null)?.Contains(word, StringComparer.OrdinalIgnoreCase) == true);

    /// <summary>The option as help shows it, without the two dashes.</summary>
    public string DashedName { get; } = ParameterNames.Dashed(Name);

    /// <summary>What <see cref="Name"/> is compared by.</summary>
    public string Key { get; } = ParameterNames.Key(Name);
}

/// <summary>Names in their different spellings.</summary>
internal static class ParameterNames
{
    /// <summary>Letters and digits only, lower case: <c>--hf-token</c>, <c>HF_TOKEN</c> and <c>HfToken</c> are one name.</summary>
    public static string Key(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant));

    /// <summary><c>HfToken</c> becomes <c>hf-token</c>, <c>UseHTTPProxy</c> <c>use-http-proxy</c>.</summary>
    public static string Dashed(string name)
    {
        var text = new System.Text.StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && char.IsUpper(name[i]) && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (startsWord && name[i - 1] != '-')
            {
                text.Append('-');
            }

            text.Append(name[i] == '_' ? '-' : char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
