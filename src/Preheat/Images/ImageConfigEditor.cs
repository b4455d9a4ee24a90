using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Images;

/// <summary>Reads and changes the <c>config</c> object of an image's config; fields that it does not know stay.</summary>
/// <remarks>OCI image specification, <c>config.md</c>, "config".</remarks>
internal sealed class ImageConfigEditor(JsonObject config)
{
    /// <summary><c>WorkingDir</c>, <c>/</c> when there is none.</summary>
    public string WorkingDirectory => Text("WorkingDir") is { Length: > 0 } path ? path : "/";

    public string Text(string name) => config[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    public IReadOnlyList<string> Strings(string name) =>
        config[name] is JsonArray array ? [.. array.OfType<JsonValue>().Where(item => item.GetValueKind() == JsonValueKind.String).Select(item => item.GetValue<string>())] : [];

    /// <summary>The names inside an object such as <c>Volumes</c>.</summary>
    public IEnumerable<string> Names(string name) => (config[name] as JsonObject)?.Select(entry => entry.Key) ?? [];

    public void Set(string name, JsonNode value) => config[name] = value;

    public void Remove(string name) => config.Remove(name);

    /// <summary>The object of this name, made when it is not there.</summary>
    public JsonObject Object(string name)
    {
        if (config[name] is JsonObject existing)
            return existing;
        var made = new JsonObject();
        config[name] = made;
        return made;
    }

    /// <summary>A variable's value; null when it is not set.</summary>
    public string? Environment(string name)
    {
        var prefix = name + "=";
        return Strings("Env").FirstOrDefault(item => item.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
    }

    /// <summary>Sets a variable at the place where it stands, or at the end.</summary>
    public void SetEnvironment(string name, string value)
    {
        var entries = Strings("Env").ToList();
        var at = entries.FindIndex(item => item.StartsWith(name + "=", StringComparison.Ordinal));
        if (at < 0)
            entries.Add($"{name}={value}");
        else
            entries[at] = $"{name}={value}";
        config["Env"] = new JsonArray([.. entries.Select(item => JsonValue.Create(item))]);
    }
}
