using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>What a Dockerfile makes of a base image when its stage <c>weights</c> is the model: a place for the files, directories, and changes to the config.</summary>
/// <remarks>
/// The final stage may use every instruction that runs no code and reads no build context: ARG, COPY --from=weights, COPY of here-documents, ENV, LABEL, WORKDIR, USER, EXPOSE, VOLUME,
/// STOPSIGNAL, SHELL, HEALTHCHECK, MAINTAINER, ENTRYPOINT and CMD. Any other is an error that names the line.
/// </remarks>
public sealed class ImageRecipe
{
    /// <summary>The stage that the built-in builder replaces by the model's files.</summary>
    public const string WeightsStage = "weights";

    private static readonly string[] DefaultShell = ["/bin/sh", "-c"];

    private readonly Dockerfile _file;
    private readonly DockerfileArguments _arguments;
    private readonly ImageConfigEditor _config;
    private readonly List<string> _history = [];
    private readonly List<ImageDirectory> _directories = [];
    private readonly List<ImageDirectory> _textDirectories = [];
    private readonly List<ImageText> _texts = [];
    private readonly string _baseDirectory;
    private IReadOnlyList<string> _shell;
    private bool _hasCommand;

    private ImageRecipe(Dockerfile file, DockerfileArguments arguments, JsonObject config)
    {
        _file = file;
        _arguments = arguments;
        _config = new ImageConfigEditor(config);
        _baseDirectory = _config.WorkingDirectory;
        _shell = _config.Strings("Shell") is { Count: > 0 } shell ? shell : DefaultShell;
    }

    /// <summary>Where the model's files lie and whose they are.</summary>
    public ModelPlacement Placement { get; private set; } = new("");

    /// <summary>Absolute path of the model in the image, without a slash at its end.</summary>
    public string ModelPath => Placement.Path;

    /// <summary>Directories that WORKDIR makes, parents first; those the base image certainly has are left out.</summary>
    public IReadOnlyList<ImageDirectory> Directories => _directories;

    /// <summary>Files that the recipe writes itself; the directories above them that may be missing are <see cref="TextDirectories"/>.</summary>
    public IReadOnlyList<ImageText> Texts => _texts;

    public IReadOnlyList<ImageDirectory> TextDirectories => _textDirectories;

    /// <summary>MAINTAINER; null when there is none.</summary>
    public string? Author { get; private set; }

    /// <summary>The instructions that changed the config, for its history; their variables are replaced, as BuildKit writes them.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>The final stage's base image, its variables replaced.</summary>
    /// <exception cref="UserException">The stage's FROM is empty, not readable, or names another stage.</exception>
    public static string BaseImage(Dockerfile file, IReadOnlyDictionary<string, string> buildArguments, ImagePlatform? platform = null)
    {
        var arguments = DockerfileArguments.Global(file, buildArguments, platform ?? ImagePlatform.Default);
        var stage = file.Final;
        var image = "";
        file.Guard(new DockerfileInstruction(stage.Line, "FROM", stage.From), () => image = DockerfileWords.Expand(stage.From, arguments.Value, file.Escape));
        if (image.Length == 0)
            throw file.Error(stage.Line, $"FROM {stage.From} is empty: pass the build argument or give it a default with ARG.");
        if (file.Stages.SkipLast(1).Any(other => image.Equals(other.Name, StringComparison.OrdinalIgnoreCase)))
            throw file.Error(stage.Line, $"FROM {stage.From} continues the stage {image}, which the built-in builder does not build; name an image, or use --image-builder docker.");
        return image;
    }

    /// <summary>Follows the final stage on a base image's <c>config</c> object, which is changed.</summary>
    /// <exception cref="UserException">An instruction that the built-in builder cannot follow; the message names file and line.</exception>
    public static ImageRecipe Apply(Dockerfile file, IReadOnlyDictionary<string, string> buildArguments, JsonObject config, ImagePlatform? platform = null)
    {
        if (config["OnBuild"] is JsonArray { Count: > 0 } triggers)
            throw file.Error(file.Final.Line, $"the base image has ONBUILD instructions ({triggers[0]}), which the built-in builder does not run; choose another base image, or use --image-builder docker.");
        var recipe = new ImageRecipe(file, DockerfileArguments.Global(file, buildArguments, platform ?? ImagePlatform.Default).Stage(), config);
        foreach (var instruction in file.Final.Instructions)
            file.Guard(instruction, () => recipe.Follow(instruction));
        return recipe.ModelPath.Length > 0 ? recipe : throw recipe.NoModel();
    }

    /// <summary>Where a recipe puts the model, whatever else it does: for builders that run its code.</summary>
    /// <param name="root">The base image's whole config, which is changed.</param>
    /// <exception cref="UserException">No COPY --from=weights, or one that cannot be read.</exception>
    public static string FindModelPath(Dockerfile file, IReadOnlyDictionary<string, string> buildArguments, JsonObject root, ImagePlatform platform)
    {
        var recipe = new ImageRecipe(file, DockerfileArguments.Global(file, buildArguments, platform).Stage(), root["config"] as JsonObject ?? []);
        foreach (var instruction in file.Final.Instructions.Where(line =>
            line.Keyword is "ARG" or "ENV" or "WORKDIR" || (line.Keyword == "COPY" && line.Rest.Contains($"--from={WeightsStage} ", StringComparison.Ordinal))))
            file.Guard(instruction, () => recipe.Follow(instruction));
        return recipe.ModelPath.Length > 0 ? recipe.ModelPath : throw recipe.NoModel();
    }

    private UserException NoModel() =>
        _file.Error(_file.Final.Line, $"the final stage has no COPY --from={WeightsStage} / PATH, so the model would not be in the image. Add it.");

    private void Follow(DockerfileInstruction instruction)
    {
        var rest = instruction.Rest;
        var said = rest;
        switch (instruction.Keyword)
        {
            case "ARG":
                _arguments.Declare(rest, Lookup);
                return;
            case "COPY" when instruction.Documents.Count > 0:
                CopyTexts(instruction);
                return;
            case "COPY":
                Copy(rest);
                return;
            case "ENV":
                said = SetPairs(rest, _config.SetEnvironment);
                break;
            case "LABEL":
                said = SetPairs(rest, (name, value) => _config.Object("Labels")[name] = value);
                break;
            case "MAINTAINER":
                Author = rest;
                break;
            case "WORKDIR":
                said = Absolute(Expand(rest));
                SetWorkingDirectory(said);
                break;
            case "USER":
                said = Required(Expand(rest));
                _config.Set("User", said);
                break;
            case "EXPOSE":
                foreach (var port in Words(rest).SelectMany(DockerfilePorts.Read))
                    _config.Object("ExposedPorts")[port] = new JsonObject();
                break;
            case "VOLUME":
                foreach (var path in Paths(rest))
                    AddVolume(path);
                break;
            case "STOPSIGNAL":
                said = Required(Expand(rest));
                _config.Set("StopSignal", said);
                break;
            case "SHELL":
                // Only the shell forms below read it: an OCI image's config has no place for it.
                _shell = DockerfileCommand.TryExecForm(rest) is { Count: > 0 } shell
                    ? [.. shell.Select(word => word!.GetValue<string>())]
                    : throw new FormatException("SHELL needs a JSON array like [\"/bin/bash\", \"-c\"]");
                break;
            case "HEALTHCHECK":
                _config.Set("Healthcheck", DockerfileHealthCheck.Read(rest, _file.Escape));
                break;
            case "ENTRYPOINT":
                _config.Set("Entrypoint", DockerfileCommand.Command(rest, _shell));
                // As docker has it: a new entrypoint does not inherit the base image's arguments.
                if (!_hasCommand)
                    _config.Remove("Cmd");
                break;
            case "CMD":
                _config.Set("Cmd", DockerfileCommand.Command(rest, _shell));
                _hasCommand = true;
                break;
            case "ONBUILD":
                throw new FormatException("an OCI image's config has no place for triggers, so the built-in builder cannot follow ONBUILD; leave it out, or use --image-builder docker");
            case not ("RUN" or "ADD"):
                throw new FormatException($"{instruction.Keyword} is no instruction of a Dockerfile");
            default:
                throw new FormatException($"the built-in builder runs no code and reads no build context, so it cannot follow {instruction.Keyword} in the final stage; use --image-builder docker");
        }
        _history.Add($"{instruction.Keyword} {said}");
    }

    private void Copy(string rest)
    {
        var placement = DockerfileCopy.Read(rest, _file.Escape, Expand, Absolute);
        if (ModelPath.Length > 0)
            throw new FormatException("the model is copied twice; keep one COPY");
        if (_texts.Find(text => text.Path.StartsWith(placement.Path + "/", StringComparison.Ordinal)) is { } before)
            throw new FormatException($"{before.Path}, copied above, lies inside the model, whose own files would have to win; move that COPY below this one");
        Placement = placement with { Made = Missing(placement.Path) };
        RefuseModelInVolume();
    }

    /// <summary>Files for a layer above the model's, so that one inside the model's directory takes the place of the model's own.</summary>
    private void CopyTexts(DockerfileInstruction instruction)
    {
        foreach (var text in DockerfileCopy.ReadTexts(instruction, _file.Escape, Expand, text => DockerfileWords.ExpandText(text, Lookup, _file.Escape), Absolute))
        {
            _texts.RemoveAll(earlier => earlier.Path == text.Path);
            _texts.Add(text);
            var parent = text.Path[..text.Path.LastIndexOf('/')];
            _textDirectories.AddRange(Missing(parent).Where(directory => !InModel(directory)).Select(directory => new ImageDirectory(directory, text.Attributes.Owner, text.Attributes.Group)));
        }
    }

    private bool InModel(string directory) => ModelPath.Length > 0 && ((directory + "/").StartsWith(ModelPath + "/", StringComparison.Ordinal) || Placement.Made.Contains(directory));

    private void AddVolume(string path)
    {
        _config.Object("Volumes")[path] = new JsonObject();
        RefuseModelInVolume();
    }

    private void RefuseModelInVolume()
    {
        if (ModelPath.Length > 0 && _config.Names("Volumes").FirstOrDefault(volume => ModelPath == volume || ModelPath.StartsWith(volume.TrimEnd('/') + "/", StringComparison.Ordinal)) is { } path)
            throw new FormatException($"{ModelPath} lies in the volume {path}: a runtime copies a volume's files at every start of a container; put the model elsewhere");
    }

    /// <summary>WORKDIR makes the directory; the user that is in force owns it (BuildKit: <c>llb.Mkdir</c> with <c>WithUser</c>).</summary>
    private void SetWorkingDirectory(string path)
    {
        _config.Set("WorkingDir", path);
        var missing = Missing(path);
        if (missing.Count == 0)
            return;
        var user = _config.Text("User");
        var (owner, group) = user is "" or "root" ? (0, 0) : DockerfileCopy.ReadOwner(user);
        _directories.AddRange(missing.Select(directory => new ImageDirectory(directory, owner, group)));
    }

    private List<string> Missing(string path) =>
        [.. StandardDirectories.Missing(path, _baseDirectory).Where(directory => !_directories.Concat(_textDirectories).Any(made => made.Path == directory))];

    /// <summary>Sets each NAME=VALUE; returns them as the history says them.</summary>
    private string SetPairs(string rest, Action<string, string> set)
    {
        var pairs = Pairs(rest);
        foreach (var (name, value) in pairs)
            set(name, value);
        return string.Join(' ', pairs.Select(pair => $"{pair.Name}={pair.Value}"));
    }

    private List<(string Name, string Value)> Pairs(string rest)
    {
        var words = DockerfileWords.Split(rest, _file.Escape);
        // The old form: NAME and the rest of the line.
        if (DockerfileWords.SplitPair(words[0]).Value is null)
        {
            return words.Count > 1
                ? [(Expand(words[0]), Expand(rest[words[0].Length..].Trim()))]
                : throw new FormatException("write NAME=VALUE");
        }
        // All words see the variables as they were before the line (Dockerfile reference, "Environment replacement").
        return [.. words.Select(word => DockerfileWords.SplitPair(word) is ({ } name, { } value)
            ? (Required(Expand(name)), Expand(value))
            : throw new FormatException($"'{word}' is not NAME=VALUE"))];
    }

    private IEnumerable<string> Words(string rest) => DockerfileWords.Split(rest, _file.Escape).Select(Expand);

    private IEnumerable<string> Paths(string rest)
    {
        var paths = DockerfileCommand.TryExecForm(rest) is { } array ? array.Select(item => Expand(item!.GetValue<string>())) : Words(rest);
        return paths.Select(Required);
    }

    private static string Required(string value) => value.Length > 0 ? value : throw new FormatException("the value is empty");

    private string Expand(string word) => DockerfileWords.Expand(word, Lookup, _file.Escape);

    // ENV wins over ARG.
    private string? Lookup(string name) => _config.Environment(name) ?? _arguments.Value(name);

    /// <summary>Against the working directory, without <c>.</c> and <c>..</c>, as Go's <c>path.Join</c> makes it for docker.</summary>
    private string Absolute(string path)
    {
        var whole = Required(path).StartsWith('/') ? path : $"{_config.WorkingDirectory}/{path}";
        var parts = new List<string>();
        foreach (var part in whole.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
        }
        return "/" + string.Join('/', parts);
    }
}
