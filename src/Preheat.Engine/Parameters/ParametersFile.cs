using System.Text.Json;

namespace Nuke.Common.Parameters;

/// <summary>One <c>.nuke/parameters[.profile].json</c>: a JSON object whose keys are parameter names.</summary>
internal sealed class ParametersFile
{
    /// <summary>A parameters file is written by hand; anything longer is a mistake.</summary>
    private const int LongestFile = 1 << 20;

    private readonly Dictionary<ParameterDefinition, RawValue> _values = [];

    private ParametersFile()
    {
    }

    public List<string> Errors { get; } = [];

    public RawValue? Find(ParameterDefinition parameter) => _values.GetValueOrDefault(parameter);

    /// <summary>The files in force, strongest first: the profiles, the last named before the others, then the common one if there is one.</summary>
    public static IReadOnlyList<ParametersFile> Load(string root, IReadOnlyList<string> profiles, ParameterCatalogue catalogue)
    {
        var files = profiles.Reverse().Select(profile => LoadProfile(root, profile, catalogue)).ToList();
        var common = Path.Combine(root, ".nuke", "parameters.json");
        if (File.Exists(common))
        {
            files.Add(LoadOne(root, common, catalogue));
        }

        return files;
    }

    private static ParametersFile LoadProfile(string root, string profile, ParameterCatalogue catalogue)
    {
        var path = Path.Combine(root, ".nuke", $"parameters.{profile}.json");
        if (profile.AsSpan().IndexOfAny('/', '\\') < 0 && File.Exists(path))
        {
            return LoadOne(root, path, catalogue);
        }

        var known = Profiles(root);
        var nearest = Nearest.To(profile, known);
        var hint = nearest is not null ? $"; did you mean {nearest}?" : known.Count > 0 ? $". There are: {string.Join(", ", known)}." : ". There are no profiles yet.";
        var missing = new ParametersFile();
        missing.Errors.Add($"Profile '{profile}' does not exist: no file .nuke/parameters.{profile}.json in {root}{hint}");
        return missing;
    }

    private static List<string> Profiles(string root)
    {
        var directory = Path.Combine(root, ".nuke");
        return Directory.Exists(directory)
            ? [.. Directory.GetFiles(directory, "parameters.*.json").Select(file => Path.GetFileName(file)["parameters.".Length..^".json".Length]).Order(StringComparer.Ordinal)]
            : [];
    }

    private static ParametersFile LoadOne(string root, string path, ParameterCatalogue catalogue)
    {
        var file = new ParametersFile();
        var name = Path.GetRelativePath(root, path);
        try
        {
            if (new FileInfo(path).Length > LongestFile)
            {
                file.Errors.Add($"{name} is longer than 1 MiB; it should hold parameters only.");
                return file;
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                file.Errors.Add($"{name} must hold one JSON object, {{ \"Parameter\": value, … }}.");
                return file;
            }

            foreach (var property in document.RootElement.EnumerateObject().Where(property => property.Name != "$schema"))
            {
                file.Add(name, root, property, catalogue);
            }
        }
        catch (JsonException e)
        {
            file.Errors.Add($"{name}, line {e.LineNumber + 1}: not valid JSON.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Errors.Add($"{name} cannot be read: {e.Message}");
        }

        return file;
    }

    private void Add(string file, string root, JsonProperty property, ParameterCatalogue catalogue)
    {
        if (catalogue.Find(property.Name) is not { } parameter)
        {
            var nearest = Nearest.To(property.Name, catalogue.All.Select(candidate => candidate.Name));
            Errors.Add($"{file}: there is no parameter '{property.Name}'{(nearest is null ? "." : $"; did you mean {nearest}?")}");
        }
        else if (Texts(property.Value, parameter) is { } texts)
        {
            _values[parameter] = new RawValue(texts, file, root);
        }
        else if (property.Value.ValueKind != JsonValueKind.Null)
        {
            Errors.Add($"{file}: '{property.Name}' must be a text, a number, true or false{(parameter.IsArray ? ", or a list of these" : "")}.");
        }
    }

    private static IReadOnlyList<string>? Texts(JsonElement value, ParameterDefinition parameter)
    {
        if (value.ValueKind == JsonValueKind.Array && parameter.IsArray)
        {
            var items = value.EnumerateArray().Select(Text).OfType<string>().ToList();
            return items.Count == value.GetArrayLength() ? items : null;
        }

        return Text(value) is not { } text ? null : parameter is { IsArray: true, Separator: { } separator } ? text.Split(separator) : [text];
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };
}
