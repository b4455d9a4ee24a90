using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>What a Dockerfile makes of a base image when its stage <c>weights</c> is the model: a path for the files, and changes to the config.</summary>
/// <remarks>
/// The final stage may use ARG, COPY --from=weights, ENV, LABEL, WORKDIR, USER, EXPOSE, and ENTRYPOINT and CMD in exec form. An instruction that must run code,
/// or that reads the build context, is an error that names the line.
/// </remarks>
public sealed class ImageRecipe
{
    /// <summary>The stage that the built-in builder replaces by the model's files.</summary>
    public const string WeightsStage = "weights";

    private readonly Dockerfile _file;
    private readonly IReadOnlyDictionary<string, string> _buildArguments;
    private readonly Dictionary<string, string> _arguments = new(StringComparer.Ordinal);
    private readonly List<string> _history = [];
    private readonly JsonObject _config;

    private ImageRecipe(Dockerfile file, IReadOnlyDictionary<string, string> buildArguments, JsonObject config)
    {
        _file = file;
        _buildArguments = buildArguments;
        _config = config;
    }

    /// <summary>Absolute path of the model in the image, without a slash at its end.</summary>
    public string ModelPath { get; private set; } = "";

    /// <summary>The instructions that changed the config, for its history.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>The final stage's base image, its variables replaced.</summary>
    /// <exception cref="UserException">The stage's FROM is empty or not readable.</exception>
    public static string BaseImage(Dockerfile file, IReadOnlyDictionary<string, string> buildArguments)
    {
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var instruction in file.Arguments)
            Guard(file, instruction, () => Declare(instruction.Rest, arguments, buildArguments, arguments, arguments.GetValueOrDefault));
        var stage = file.Final;
        var image = Guard(file, new DockerfileInstruction(stage.Line, "FROM", stage.From), () => DockerfileWords.Expand(stage.From, arguments.GetValueOrDefault));
        return image.Length > 0 ? image : throw file.Error(stage.Line, $"FROM {stage.From} is empty: pass the build argument or give it a default with ARG.");
    }

    /// <summary>Follows the final stage on a base image's <c>config</c> object, which is changed.</summary>
    /// <exception cref="UserException">An instruction that the built-in builder cannot follow; the message names file and line.</exception>
    public static ImageRecipe Apply(Dockerfile file, IReadOnlyDictionary<string, string> buildArguments, JsonObject config)
    {
        var recipe = new ImageRecipe(file, buildArguments, config);
        foreach (var instruction in file.Final.Instructions)
        {
            Guard(file, instruction, () =>
            {
                recipe.Follow(instruction);
                return true;
            });
        }
        return recipe.ModelPath.Length > 0
            ? recipe
            : throw file.Error(file.Final.Line, $"the final stage has no COPY --from={WeightsStage} / PATH, so the model would not be in the image. Add it.");
    }

    private static T Guard<T>(Dockerfile file, DockerfileInstruction instruction, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException exception)
        {
            throw file.Error(instruction.Line, $"{instruction.Keyword} {instruction.Rest}: {exception.Message}.");
        }
    }

    private static bool Declare(
        string rest, Dictionary<string, string> into, IReadOnlyDictionary<string, string> buildArguments, IReadOnlyDictionary<string, string> global, Func<string, string?> lookup)
    {
        foreach (var word in DockerfileWords.Split(rest))
        {
            var (name, value) = DockerfileWords.SplitPair(word);
            if (buildArguments.TryGetValue(name, out var given))
                into[name] = given;
            else if (value is not null)
                into[name] = DockerfileWords.Expand(value, lookup);
            else if (global.TryGetValue(name, out var before))
                into[name] = before;
        }
        return true;
    }

    private void Follow(DockerfileInstruction instruction)
    {
        switch (instruction.Keyword)
        {
            case "ARG":
                var global = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var before in _file.Arguments)
                    Declare(before.Rest, global, _buildArguments, global, global.GetValueOrDefault);
                Declare(instruction.Rest, _arguments, _buildArguments, global, Lookup);
                return;
            case "COPY":
                Copy(instruction);
                return;
            case "ENV":
                foreach (var (name, value) in Pairs(instruction.Rest))
                    SetEnvironment(name, value);
                break;
            case "LABEL":
                foreach (var (name, value) in Pairs(instruction.Rest))
                    Object("Labels")[name] = value;
                break;
            case "WORKDIR":
                _config["WorkingDir"] = Absolute(Expand(instruction.Rest));
                break;
            case "USER":
                _config["User"] = Expand(instruction.Rest);
                break;
            case "EXPOSE":
                foreach (var port in DockerfileWords.Split(instruction.Rest).Select(Expand))
                    Object("ExposedPorts")[Port(port)] = new JsonObject();
                break;
            case "ENTRYPOINT":
                _config["Entrypoint"] = ExecForm(instruction.Rest);
                // As docker has it: a new entrypoint does not inherit the base image's arguments.
                if (!_history.Exists(line => line.StartsWith("CMD", StringComparison.Ordinal)))
                    _config.Remove("Cmd");
                break;
            case "CMD":
                _config["Cmd"] = ExecForm(instruction.Rest);
                break;
            default:
                throw new FormatException($"the built-in builder runs no code and reads no build context, so it cannot follow {instruction.Keyword} in the final stage; use --image-builder docker");
        }
        _history.Add($"{instruction.Keyword} {instruction.Rest}");
    }

    private void Copy(DockerfileInstruction instruction)
    {
        var words = DockerfileWords.Split(instruction.Rest);
        var flags = words.TakeWhile(word => word.StartsWith("--", StringComparison.Ordinal)).ToList();
        words = instruction.Rest.Contains('[') && words.Count > flags.Count && words[flags.Count].StartsWith('[')
            ? [.. ExecForm(instruction.Rest[instruction.Rest.IndexOf('[')..]).Select(word => Expand(word!.GetValue<string>()))]
            : [.. words.Skip(flags.Count).Select(Expand)];
        if (!flags.Remove($"--from={WeightsStage}"))
            throw new FormatException($"the built-in builder copies from the stage {WeightsStage} only; use --image-builder docker");
        flags.Remove("--link");
        if (flags.Count > 0)
            throw new FormatException($"the built-in builder does not know {string.Join(' ', flags)}; use --image-builder docker");
        if (words is not [var source, var target])
            throw new FormatException($"write COPY --from={WeightsStage} / PATH");
        // The stage's root is the model, so that docker's --build-context weights=DIR can take its place.
        if (source is not ("/" or "." or "/." or "./"))
            throw new FormatException($"the built-in builder copies the whole stage {WeightsStage}, which holds the model at its root: write / as the source");
        if (ModelPath.Length > 0)
            throw new FormatException("the model is copied twice; keep one COPY");
        var path = Absolute(target);
        if (path == "/" || path.Split('/').Contains(".."))
            throw new FormatException($"'{target}' is no place for a model; write a path like /models/name");
        ModelPath = path;
    }

    private void SetEnvironment(string name, string value)
    {
        if (name.Length == 0)
            throw new FormatException("a variable has no name");
        var list = _config["Env"] as JsonArray;
        if (list is null)
            _config["Env"] = list = [];
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i]!.GetValue<string>().StartsWith(name + "=", StringComparison.Ordinal))
            {
                list[i] = $"{name}={value}";
                return;
            }
        }
        list.Add($"{name}={value}");
    }

    private List<(string Name, string Value)> Pairs(string rest)
    {
        var words = DockerfileWords.Split(rest);
        // The old form: NAME and the rest of the line.
        if (DockerfileWords.SplitPair(words[0]).Value is null)
        {
            return words.Count > 1
                ? [(Expand(words[0]), Expand(rest[words[0].Length..].Trim()))]
                : throw new FormatException("write NAME=VALUE");
        }
        // All words see the variables as they were before the line (Dockerfile reference, "Environment replacement").
        return [.. words.Select(word => DockerfileWords.SplitPair(word) is ({ } name, { } value)
            ? (Expand(name), Expand(value))
            : throw new FormatException($"'{word}' is not NAME=VALUE"))];
    }

    private string Expand(string word) => DockerfileWords.Expand(word, Lookup);

    private string? Lookup(string name)
    {
        // ENV wins over ARG.
        var prefix = name + "=";
        var entry = (_config["Env"] as JsonArray)?.Select(item => item!.GetValue<string>()).FirstOrDefault(item => item.StartsWith(prefix, StringComparison.Ordinal));
        return entry is not null ? entry[prefix.Length..] : _arguments.GetValueOrDefault(name);
    }

    private string Absolute(string path)
    {
        var whole = path.StartsWith('/') ? path : $"{_config["WorkingDir"]?.GetValue<string>() ?? "/"}/{path}";
        return "/" + string.Join('/', whole.Split('/').Where(part => part is not ("" or ".")));
    }

    private JsonObject Object(string name)
    {
        if (_config[name] is JsonObject existing)
            return existing;
        var made = new JsonObject();
        _config[name] = made;
        return made;
    }

    private static string Port(string text)
    {
        var parts = text.Split('/');
        return parts.Length <= 2 && ushort.TryParse(parts[0], out var port) && port > 0 && (parts.Length == 1 || parts[1] is "tcp" or "udp" or "sctp")
            ? $"{port}/{(parts.Length == 2 ? parts[1] : "tcp")}"
            : throw new FormatException($"'{text}' is not PORT or PORT/tcp");
    }

    private static JsonArray ExecForm(string rest)
    {
        try
        {
            if (JsonNode.Parse(rest) is JsonArray array && array.All(item => item?.GetValueKind() == JsonValueKind.String))
                return array;
        }
        catch (JsonException)
        {
            // Docker takes what is no JSON for a command line of a shell.
        }
        throw new FormatException("the shell form is not understood by the built-in builder; write a JSON array like [\"program\", \"argument\"], or use --image-builder docker");
    }
}
