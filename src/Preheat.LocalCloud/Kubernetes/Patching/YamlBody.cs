using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Preheat.LocalCloud.Kubernetes.Api;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Preheat.LocalCloud.Kubernetes.Patching;

/// <summary>
/// Reads one YAML document as JSON, plain scalars by the core schema (https://yaml.org/spec/1.2.2/#103-core-schema) plus YAML 1.1's
/// <c>yes/no/on/off</c> as the API server reads them. Aliases are refused: a body that needs them is no manifest, and they can explode.
/// </summary>
internal static partial class YamlBody
{
    private const int MaxDepth = 64;

    /// <summary>The document; 400 when it is none.</summary>
    public static JsonNode? Parse(byte[] bytes)
    {
        try
        {
            var parser = new Parser(new StringReader(Encoding.UTF8.GetString(bytes)));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                return null;
            }

            var node = Read(parser, 0);
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? node : throw ApiException.BadRequest("error decoding YAML: more than one document");
        }
        catch (YamlException e)
        {
            throw ApiException.BadRequest($"error decoding YAML: line {e.Start.Line}: {e.Message}");
        }
    }

    private static JsonNode? Read(IParser parser, int depth)
    {
        if (depth > MaxDepth)
        {
            throw ApiException.BadRequest($"error decoding YAML: nested deeper than {MaxDepth}");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return Value(scalar);
        }

        if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                list.Add(Read(parser, depth + 1));
            }

            return list;
        }

        if (parser.TryConsume<MappingStart>(out _))
        {
            var map = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>();
                if (!map.TryAdd(key.Value, Read(parser, depth + 1)))
                {
                    throw ApiException.BadRequest($"error decoding YAML: line {key.Start.Line}: key \"{key.Value}\" already set in map");
                }
            }

            return map;
        }

        throw ApiException.BadRequest("error decoding YAML: aliases are not accepted");
    }

    private static JsonNode? Value(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str")
        {
            return text;
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => true,
            "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => false,
            _ when Integer().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
            _ when Real().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) => real,
            _ => text,
        };
    }

    [GeneratedRegex(@"\A[-+]?[0-9]+\z", RegexOptions.NonBacktracking)]
    private static partial Regex Integer();

    [GeneratedRegex(@"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Real();
}
