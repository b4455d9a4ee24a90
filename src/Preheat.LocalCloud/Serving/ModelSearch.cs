using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Serving;

/// <summary>A model that a server can read.</summary>
/// <param name="Path">Its folder inside the container.</param>
/// <param name="Place">Where the weights were before the start.</param>
/// <param name="Files">The container's files, with what was downloaded.</param>
internal sealed record FoundModel(string Path, WeightsPlace Place, ContainerFiles Files);

/// <summary>Finds a server's model as Hugging Face's libraries do: a directory, a snapshot in a cache of the image or of a volume, the hub.</summary>
/// <param name="hub">The hub that containers reach; null for none.</param>
internal sealed class ModelSearch(ContainerStart start, ModelHub? hub)
{
    private readonly ContainerFiles files = new(start.RootDirectory, start.Mounts, start.WorkingDirectory);

    /// <param name="model">A path, or a name on the hub.</param>
    /// <param name="revision">Branch, tag or commit; null for <c>main</c>.</param>
    /// <param name="cache">The cache that the server's own flag names; null for the libraries' usual ones.</param>
    /// <exception cref="ServerExit">It is nowhere, or the hub does not give it.</exception>
    public FoundModel Find(string model, string? revision, string? cache)
    {
        if (Local(model, revision, cache) is { } path)
        {
            return new FoundModel(path, IsMounted(path) ? WeightsPlace.Volume : WeightsPlace.Image, files);
        }

        return Download(model, revision ?? "main", cache);
    }

    /// <summary>The container path of the model: a directory, or a snapshot in a hub cache that the image or a volume holds; null for one that only a hub has.</summary>
    private string? Local(string model, string? revision, string? cache)
    {
        if (model.StartsWith('/') || model.StartsWith('.') || files.Resolve(model) is not null)
        {
            return files.Resolve(model) is { } found && Directory.Exists(found)
                ? model
                : throw ServerExit.Raise("OSError", $"Can't load the configuration of '{model}'. If you were trying to load it from 'https://huggingface.co/models', make sure you don't have a local directory with the same name. Otherwise, make sure '{model}' is the correct path to a directory containing a config.json file");
        }

        if (model.Contains("://", StringComparison.Ordinal))
        {
            throw ServerExit.Raise("ValueError", $"Cannot load '{model}': object stores are not reachable from this server yet.");
        }

        foreach (var folder in Caches(cache))
        {
            var repository = $"{folder}/models--{model.Replace("/", "--")}";
            var reference = files.Resolve($"{repository}/refs/{revision ?? "main"}");
            var commit = reference is not null && File.Exists(reference) ? File.ReadAllText(reference).Trim() : revision ?? "main";
            if (files.Resolve($"{repository}/snapshots/{commit}") is { } snapshot && Directory.Exists(snapshot))
            {
                return $"{repository}/snapshots/{commit}";
            }
        }

        return null;
    }

    /// <summary>
    /// Takes a model from the embedded hub under the hub's own rules. The files are read where the hub keeps them; what the way would cost is in the
    /// modelled time of the weights.
    /// </summary>
    private FoundModel Download(string model, string name, string? cache)
    {
        if (start.Environment.GetValueOrDefault("HF_HUB_OFFLINE") is "1" or "true" or "True" or "ON" or "YES")
        {
            throw ServerExit.Raise("huggingface_hub.errors.LocalEntryNotFoundError", $"Cannot find an appropriate cached snapshot folder for the specified revision of '{model}' on the local disk and outgoing traffic has been disabled. To enable repo look-ups and downloads online, set 'HF_HUB_OFFLINE=0' as environment variable.");
        }

        if (hub?.Find(model) is not { } found)
        {
            throw ServerExit.Raise("OSError", $"We couldn't connect to 'https://huggingface.co' to load the files of '{model}', and couldn't find them in the cached files. Containers here reach the embedded hub only: put the weights into the image or a volume.");
        }

        var token = new[] { "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" }.Select(start.Environment.GetValueOrDefault).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value))?.Trim();
        if (HubAccess.Refusal(found, token) is { } refusal)
        {
            throw ServerExit.Raise("OSError", $"You are trying to access a gated repo. Make sure to have access to it at https://huggingface.co/{model}. {refusal} Client Error. {(refusal == 401 ? "Access to model is restricted. You must have access to it and be authenticated to access it. Please log in." : "Your account is not in the authorized list.")}");
        }

        if (found.Find(name) is not { } revision)
        {
            throw ServerExit.Raise("OSError", $"{name} is not a valid git identifier (branch name, tag name or commit id) that exists for this model name. Check the model page at 'https://huggingface.co/{model}' for available revisions.");
        }

        var path = $"{Caches(cache).First()}/models--{model.Replace("/", "--")}/snapshots/{revision.Commit}";
        var mounts = new Dictionary<string, string>(start.Mounts, StringComparer.Ordinal) { [path] = revision.Directory };
        return new FoundModel(path, WeightsPlace.Hub, new ContainerFiles(start.RootDirectory, mounts, start.WorkingDirectory));
    }

    private IEnumerable<string> Caches(string? first)
    {
        var home = start.Environment.GetValueOrDefault("HOME") is { Length: > 0 } set ? set : "/root";
        var caches = start.Environment.GetValueOrDefault("HF_HOME") is { Length: > 0 } hf ? hf : $"{home}/.cache/huggingface";
        return new[] { first, start.Environment.GetValueOrDefault("HF_HUB_CACHE"), $"{caches}/hub", caches }.OfType<string>().Where(c => c.Length > 0);
    }

    private bool IsMounted(string path) => start.Mounts.Keys.Any(m => path == m || path.StartsWith(m.TrimEnd('/') + "/", StringComparison.Ordinal));
}
