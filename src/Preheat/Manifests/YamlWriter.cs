using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Preheat.Manifests;

/// <summary>Writes values as block YAML: two spaces, LF, quotes only where a reader of YAML 1.1 or 1.2 could be misled. The same value gives the same text.</summary>
internal static partial class YamlWriter
{
    public static string Write(YamlValue value)
    {
        var text = new StringBuilder();
        WriteValue(text, value, 0, atKey: false);
        return text.ToString();
    }

    private static void WriteValue(StringBuilder text, YamlValue value, int indent, bool atKey)
    {
        switch (value)
        {
            case YamlMap { Entries.Count: > 0 } map:
                if (atKey)
                    text.Append('\n').Append(' ', indent);
                WriteMap(text, map, indent);
                break;
            case YamlList { Items.Count: > 0 } list:
                if (atKey)
                    text.Append('\n').Append(' ', indent);
                WriteList(text, list, indent);
                break;
            default:
                if (atKey)
                    text.Append(' ');
                text.Append(value switch { YamlMap => "{}", YamlList => "[]", _ => Scalar((YamlScalar)value) }).Append('\n');
                break;
        }
    }

    private static void WriteMap(StringBuilder text, YamlMap map, int indent)
    {
        for (var index = 0; index < map.Entries.Count; index++)
        {
            if (index > 0)
                text.Append(' ', indent);
            text.Append(Quote(map.Entries[index].Key)).Append(':');
            WriteValue(text, map.Entries[index].Value, indent + 2, atKey: true);
        }
    }

    private static void WriteList(StringBuilder text, YamlList list, int indent)
    {
        for (var index = 0; index < list.Items.Count; index++)
        {
            if (index > 0)
                text.Append(' ', indent);
            text.Append("- ");
            WriteValue(text, list.Items[index], indent + 2, atKey: false);
        }
    }

    private static string Scalar(YamlScalar scalar) => scalar.Kind switch
    {
        ScalarKind.String => Quote(scalar.Text),
        ScalarKind.Null => "null",
        ScalarKind.Boolean => scalar.Text.ToLowerInvariant(),
        _ => scalar.Text,
    };

    private static string Quote(string text)
    {
        if (PlainForm().IsMatch(text) && YamlReader.KindOf(text) is ScalarKind.String && !YamlReader.IsAmbiguous(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            quoted.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                // YAML 1.2, section 5.1: what is not printable is escaped; 0x85, 0x2028 and 0x2029 break lines in YAML 1.1.
                < ' ' or (>= '\u007f' and <= '\u00a0') or '\u2028' or '\u2029' or '\ufeff' => "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture),
                _ => character.ToString(),
            });
        }
        return quoted.Append('"').ToString();
    }

    // No blanks, no indicator that could start something else, no colon at the end, no document marker.
    [GeneratedRegex(@"^(?!---|\.\.\.)([A-Za-z0-9._/]|-(?=[A-Za-z0-9-]))([A-Za-z0-9._/@=+,:-]*[A-Za-z0-9._/@=+-])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PlainForm();
}
