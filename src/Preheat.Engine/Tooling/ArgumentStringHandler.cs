using System.Runtime.CompilerServices;
using Nuke.Common.Sessions;

namespace Nuke.Common.Tooling;

/// <summary>Arguments of a program: an interpolated value with spaces is quoted (not with the format <c>nq</c>), and one with the format <c>r</c> is a secret.</summary>
[InterpolatedStringHandler]
public ref struct ArgumentStringHandler
{
    private DefaultInterpolatedStringHandler _builder;

    public ArgumentStringHandler(int literalLength, int formattedCount, out bool handlerIsValid)
    {
        _builder = new(literalLength, formattedCount);
        handlerIsValid = true;
    }

    public static implicit operator ArgumentStringHandler(string value)
    {
        var handler = new ArgumentStringHandler(value.Length, 0, out _);
        handler.AppendLiteral(value);
        return handler;
    }

    public void AppendLiteral(string value) => _builder.AppendLiteral(value);

    public void AppendFormatted(object? obj, int alignment = 0, string? format = null)
    {
        if (obj is IEnumerable<string> texts)
        {
            var separator = "";
            foreach (var text in texts)
            {
                AppendLiteral(separator);
                AppendFormatted(text, alignment, format);
                separator = " ";
            }

            return;
        }

        if (format == "r")
        {
            BuildSession.Current.Mask.Add([obj?.ToString() ?? ""]);
        }

        // What is given in quotes, or as a path or number with a format of its own, is taken as it is.
        var isPlain = obj is string && format is null or "r";
        var value = obj is IFormattable formattable && !isPlain ? formattable.ToString(format, System.Globalization.CultureInfo.InvariantCulture) : obj?.ToString() ?? "";
        var isQuoted = value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0];
        _builder.AppendFormatted(format is null or "r" && !isQuoted && (value.Length == 0 || value.Contains(' ', StringComparison.Ordinal)) ? $"\"{value.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : value, alignment);
    }

    public string ToStringAndClear() => _builder.ToStringAndClear();
}
