namespace Preheat.Images;

/// <summary>The build arguments of a recipe: those given, and what the model's snapshot says.</summary>
internal static class BuildArguments
{
    public static Dictionary<string, string> Of(BakeRequest request)
    {
        var model = request.Model;
        var arguments = new Dictionary<string, string>(request.BuildArguments, StringComparer.Ordinal) { ["BASE_IMAGE"] = request.BaseImage };
        arguments.TryAdd("MODEL_ID", model.Name);
        arguments.TryAdd("MODEL_NAME", PathName(model.Name));
        arguments.TryAdd("MODEL_LICENSE", model.License ?? "");
        arguments.TryAdd("MODEL_DTYPE", model.DType);
        arguments.TryAdd("MODEL_PARAMETERS", $"{model.Parameters}");
        // A directory's revision follows from inodes and times; the image says what follows from the content, known once all is read.
        if (!model.Reference.StartsWith("file:", StringComparison.Ordinal))
            arguments.TryAdd("MODEL_REVISION", model.Revision);
        return arguments;
    }

    /// <summary>The model's short name as a folder: letters, digits, dot, hyphen, underscore.</summary>
    private static string PathName(string name)
    {
        var clean = string.Concat(name.Split('/')[^1].Select(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_' ? character : '-')).Trim('.');
        return clean.Length > 0 ? clean : "model";
    }
}
