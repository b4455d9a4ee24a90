using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Preheat.Manifests;

/// <summary>Reads YAML that may come from anywhere: bounded in size, depth and number of values; no anchors, aliases, tags or repeated keys.</summary>
/// <remarks>
/// Plain scalars follow the core schema of YAML 1.2 (section 10.3.2). Kubernetes' own readers follow YAML 1.1, so a plain scalar that the two
/// understand differently (<c>yes</c>, <c>0644</c>) is refused where <c>strict</c> is asked for.
/// </remarks>
internal static partial class YamlReader
{
    /// <summary>Characters a file may have.</summary>
    public const int LongestText = 4 * 1024 * 1024;

    /// <summary>How deep values may be nested.</summary>
    public const int DeepestNesting = 64;

    /// <summary>How many values a file may hold.</summary>
    public const int MostValues = 100_000;

    /// <summary>Reads all documents of a text; empty ones are left out.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="file">Name of the file for messages.</param>
    /// <param name="strict">Refuse plain scalars that YAML 1.1 and 1.2 understand differently.</param>
    /// <param name="after">Line of the file after which the text begins.</param>
    /// <exception cref="UserException">The text is not YAML, or goes beyond the limits; the message names file and line.</exception>
    public static IReadOnlyList<YamlValue> Read(string text, string file, bool strict, long after = 0)
    {
        if (text.Length > LongestText)
            throw new UserException($"{file} has {text.Length} characters; at most {LongestText} are read.");
        var reading = new Reading(new Parser(new Scanner(new StringReader(text), skipComments: true)), file, strict, after);
        try
        {
            return reading.Documents();
        }
        catch (YamlException exception)
        {
            throw new UserException($"{file}:{after + exception.Start.Line}: this is not YAML: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException)
        {
            // The parser ends so on some texts, for example one that stops inside a flow collection.
            throw new UserException($"{file}:{reading.Line}: this is not YAML: what begins here has no proper end.", exception);
        }
    }

    /// <summary>Reads a file. The name in messages is <paramref name="name"/>.</summary>
    public static IReadOnlyList<YamlValue> ReadFile(string path, string name, bool strict)
    {
        try
        {
            if (new FileInfo(path).Length > LongestText)
                throw new UserException($"{name} is larger than {LongestText} bytes.");
            return Read(File.ReadAllText(path), name, strict);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{name} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>What a plain scalar means in the core schema.</summary>
    public static ScalarKind KindOf(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarKind.Boolean,
        _ when IntegerForm().IsMatch(text) && long.TryParse(text, CultureInfo.InvariantCulture, out _) => ScalarKind.Integer,
        _ when FloatForm().IsMatch(text) && double.IsFinite(double.Parse(text, CultureInfo.InvariantCulture)) => ScalarKind.Float,
        _ => ScalarKind.String,
    };

    /// <summary>True for a plain scalar that a YAML 1.1 reader takes for something else.</summary>
    public static bool IsAmbiguous(string text) => AmbiguousForm().IsMatch(text);

    [GeneratedRegex(@"^[-+]?[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex IntegerForm();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex FloatForm();

    // YAML 1.1: boolean words, octal, hexadecimal, binary, underscores and base 60 in numbers, infinities, dates, merge and default keys.
    [GeneratedRegex(
        @"^(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|[-+]?0[0-9_]+|[-+]?0[xbo][0-9a-fA-F_]+|[-+]?[0-9][0-9]*_[0-9_]*|[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?|[-+]?\.(inf|Inf|INF|nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|<<|=)$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex AmbiguousForm();

    private sealed class Reading(Parser parser, string file, bool strict, long after)
    {
        private int _values;

        /// <summary>Where the last value began.</summary>
        public long Line { get; private set; } = after + 1;

        public List<YamlValue> Documents()
        {
            var documents = new List<YamlValue>();
            parser.Consume<StreamStart>();
            while (!parser.Accept<StreamEnd>(out _))
            {
                parser.Consume<DocumentStart>();
                if (Value(1) is not YamlScalar { Kind: ScalarKind.Null } and var document)
                    documents.Add(document);
                parser.Consume<DocumentEnd>();
            }
            return documents;
        }

        private YamlValue Value(int depth)
        {
            var current = parser.Consume<ParsingEvent>();
            var at = new SourcePosition(file, after + current.Start.Line);
            Line = at.Line;
            if (depth > DeepestNesting)
                throw new UserException($"{at}: nested deeper than {DeepestNesting} levels.");
            if (++_values > MostValues)
                throw new UserException($"{at}: more than {MostValues} values in one file.");
            if (current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                throw new UserException($"{at}: anchors and aliases are not read; write the value out.");
            if (current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } tag })
                throw new UserException($"{at}: the tag {tag.Value} is not read; leave it out or quote the value.");
            return current switch
            {
                MappingStart => Map(at, depth),
                SequenceStart => List(at, depth),
                Scalar scalar => ReadScalar(at, scalar),
                _ => throw new UserException($"{at}: {current.GetType().Name} is not expected here."),
            };
        }

        private YamlMap Map(SourcePosition at, int depth)
        {
            var entries = new List<YamlEntry>();
            var lines = new Dictionary<string, SourcePosition>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                if (Value(depth + 1) is not YamlScalar key)
                    throw new UserException($"{at}: a key of this mapping is no plain text.");
                if (!lines.TryAdd(key.Text, key.At))
                    throw new UserException($"{key.At}: the key '{key.Text}' stands here a second time; the first is in line {lines[key.Text].Line}.");
                entries.Add(new(key.At, key.Text, Value(depth + 1)));
            }
            return new(at, entries);
        }

        private YamlList List(SourcePosition at, int depth)
        {
            var items = new List<YamlValue>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(Value(depth + 1));
            return new(at, items);
        }

        private YamlScalar ReadScalar(SourcePosition at, Scalar scalar)
        {
            if (scalar.Style is not ScalarStyle.Plain)
                return new(at, scalar.Value, ScalarKind.String, Quoted: true);
            if (strict && IsAmbiguous(scalar.Value))
                throw new UserException($"{at}: Kubernetes reads a plain {scalar.Value} as a boolean, number or date; quote it, or write true, false or a decimal number.");
            return new(at, scalar.Value, KindOf(scalar.Value));
        }
    }
}
