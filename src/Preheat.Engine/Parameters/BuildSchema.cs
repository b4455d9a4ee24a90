using System.Text.Encodings.Web;
using System.Text.Json;
using Nuke.Common.Execution;

namespace Nuke.Common.Parameters;

/// <summary>
/// <c>.nuke/build.schema.json</c>, by which editors complete and check parameters files. The form is that of Nuke 10 (JSON Schema draft 4): the
/// definitions Host, ExecutableTarget, Verbosity and NukeBuild (the engine's own parameters), and the build's parameters beside them.
/// </summary>
internal static class BuildSchema
{
    private static readonly JsonWriterOptions Form = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the file if it differs; not on a CI service, and not where it cannot be written.</summary>
    public static void Update(NukeBuild build, ParameterCatalogue catalogue, IEnumerable<TargetMember> targets)
    {
        // Help works outside of any repository, too.
        if (NukeBuild.IsServerBuild || build.Session.TryFindRoot() is not { } root || !Directory.Exists(root / ".nuke"))
        {
            return;
        }

        string path = root / ".nuke" / "build.schema.json";
        var temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        try
        {
            var bytes = Create(build, catalogue, targets);
            if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            {
                return;
            }

            // A rename replaces the file at once: no editor and no other call sees half of it.
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
        }
    }

    public static byte[] Create(NukeBuild build, ParameterCatalogue catalogue, IEnumerable<TargetMember> targets)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Form))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "http://json-schema.org/draft-04/schema#");
            json.WriteStartObject("definitions");
            Words(json, "Host", Host.Names);
            Words(json, "ExecutableTarget", targets.Select(target => target.Name).Order(StringComparer.Ordinal));
            Words(json, "Verbosity", Enum.GetNames<Verbosity>());
            json.WriteStartObject("NukeBuild");
            Properties(json, build, catalogue.All.Where(parameter => parameter.IsEngineOwn));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("allOf");
            json.WriteStartObject();
            Properties(json, build, catalogue.All.Where(parameter => !parameter.IsEngineOwn));
            json.WriteEndObject();
            json.WriteStartObject();
            json.WriteString("$ref", "#/definitions/NukeBuild");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return [.. stream.ToArray(), (byte)'\n'];
    }

    private static void Words(Utf8JsonWriter json, string name, IEnumerable<string> words)
    {
        json.WriteStartObject(name);
        json.WriteString("type", "string");
        Enumeration(json, words);
        json.WriteEndObject();
    }

    private static void Properties(Utf8JsonWriter json, NukeBuild build, IEnumerable<ParameterDefinition> parameters)
    {
        json.WriteStartObject("properties");
        foreach (var parameter in parameters.OrderBy(parameter => parameter.Name, StringComparer.Ordinal))
        {
            json.WriteStartObject(parameter.Name);
            Property(json, build, parameter);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Property(Utf8JsonWriter json, NukeBuild build, ParameterDefinition parameter)
    {
        var definition = parameter == EngineParameters.Host ? "Host" : parameter == EngineParameters.Verbosity ? "Verbosity" : null;
        if (definition is null)
        {
            Type(json, parameter.IsArray ? "array" : TypeOf(parameter.Type), parameter.IsNullable);
        }

        if (parameter.Description is { Length: > 0 } description)
        {
            json.WriteString("description", description.TrimEnd('.'));
        }

        if (parameter.IsSecret)
        {
            json.WriteString("default", $"Secrets do not belong into a file: set NUKE_{parameter.DashedName.ToUpperInvariant().Replace('-', '_')} in the environment");
        }

        if (definition is not null)
        {
            json.WriteString("$ref", $"#/definitions/{definition}");
        }
        else if (parameter.IsArray)
        {
            json.WriteStartObject("items");
            if (parameter == EngineParameters.Target || parameter == EngineParameters.Skip)
            {
                json.WriteString("$ref", "#/definitions/ExecutableTarget");
            }
            else
            {
                var element = parameter.Type.GetElementType()!;
                Type(json, TypeOf(element), isNullable: false);
                Enumeration(json, Allowed(element, parameter, build));
            }

            json.WriteEndObject();
        }
        else
        {
            Enumeration(json, Allowed(parameter.Type, parameter, build));
        }
    }

    private static void Type(Utf8JsonWriter json, string type, bool isNullable)
    {
        if (isNullable)
        {
            json.WriteStartArray("type");
            json.WriteStringValue(type);
            json.WriteStringValue("null");
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("type", type);
        }

        if (type is "integer" or "number")
        {
            json.WriteString("format", type == "integer" ? "int32" : "double");
        }
    }

    private static IEnumerable<string>? Allowed(Type type, ParameterDefinition parameter, NukeBuild build) =>
        type.IsEnum ? Enum.GetNames(type) : parameter.AllowedValues(build)?.Order(StringComparer.Ordinal);

    private static void Enumeration(Utf8JsonWriter json, IEnumerable<string>? words)
    {
        if (words is null)
        {
            return;
        }

        json.WriteStartArray("enum");
        foreach (var word in words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
    }

    private static string TypeOf(Type type) =>
        type == typeof(bool) ? "boolean" : type == typeof(int) ? "integer" : type == typeof(double) ? "number" : "string";
}
