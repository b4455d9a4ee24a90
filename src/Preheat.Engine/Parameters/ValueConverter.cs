using System.Globalization;
using Nuke.Common.Execution;
using Nuke.Common.IO;

namespace Nuke.Common.Parameters;

/// <summary>Texts become values of the parameter's type.</summary>
internal static class ValueConverter
{
    /// <summary>The value, or what is wrong with it as the end of a sentence (<c>'x' … is not a whole number</c>).</summary>
    public static (object? Value, string? Problem) Convert(ParameterDefinition parameter, RawValue raw, IReadOnlyList<string>? allowed)
    {
        if (!parameter.IsArray)
        {
            return raw.Texts.Count == 0 ? (parameter.BareValue ?? (object)true, null) : ConvertOne(parameter.Type, raw.Texts[0], raw.BaseDirectory, allowed);
        }

        var elementType = parameter.Type.GetElementType()!;
        var texts = parameter.Separator is { } separator
            ? raw.Texts.SelectMany(text => text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList()
            : raw.Texts;
        var array = elementType == typeof(string) ? new string[texts.Count] : Array.CreateInstanceFromArrayType(parameter.Type, texts.Count);
        for (var i = 0; i < texts.Count; i++)
        {
            var (value, problem) = ConvertOne(elementType, texts[i], raw.BaseDirectory, allowed);
            if (problem is not null)
            {
                return (null, problem);
            }

            array.SetValue(value, i);
        }

        return (array, null);
    }

    private static (object? Value, string? Problem) ConvertOne(Type type, string text, string directory, IReadOnlyList<string>? allowed)
    {
        if (allowed is not null)
        {
            var value = allowed.FirstOrDefault(value => string.Equals(value, text, StringComparison.OrdinalIgnoreCase));
            if (value is null)
            {
                return (null, $"'{text}' is none of {string.Join(", ", allowed)}");
            }

            text = value;
        }

        if (type == typeof(string))
        {
            return (text, null);
        }

        if (type == typeof(bool))
        {
            return bool.TryParse(text, out var value) ? (value, null) : (null, $"'{text}' is neither true nor false");
        }

        if (type == typeof(int))
        {
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? (value, null) : (null, $"'{text}' is not a whole number");
        }

        if (type == typeof(double))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? (value, null) : (null, $"'{text}' is not a number");
        }

        if (type == typeof(AbsolutePath))
        {
            return text.Length > 0 && !text.Contains('\0') ? (AbsolutePath.Create(Path.Combine(directory, text)), null) : (null, $"'{text}' is not a path");
        }

        if (type == typeof(CI.Partition))
        {
            return CI.Partition.TryParse(text) is { } partition ? (partition, null) : (null, $"'{text}' is no part of a whole, such as 2/3");
        }

        if (type.IsEnum)
        {
            var name = Enum.GetNames(type).FirstOrDefault(name => string.Equals(name, text, StringComparison.OrdinalIgnoreCase));
            return name is not null ? (Enum.Parse(type, name), null) : (null, $"'{text}' is none of {string.Join(", ", Enum.GetNames(type))}");
        }

        throw new DefinitionException($"A parameter has the type {type.Name}. Parameters are string, bool, int, double, an enum or AbsolutePath, or arrays of these.");
    }
}
