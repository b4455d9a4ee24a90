using System.Text.Json;
using System.Text.Json.Serialization;

namespace Preheat.Runs;

/// <summary>The folder <c>artifacts/DEPLOYMENT</c>: receipts, the binding of the folder, and the lock of its one writer.</summary>
public sealed class ReceiptStore : IDisposable
{
    /// <summary>How records are written everywhere in that folder.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Says where the deployment of this folder lives.</summary>
    public const string BindingFile = "deployment.json";

    private const string LockFile = "lock.json";

    private const long LargestReceipt = 64L << 20;

    private FileStream? _lock;
    private JsonElement _binding;

    /// <param name="dryRun">When set, takes what is written; nothing in the folder changes.</param>
    public ReceiptStore(string artifactsDirectory, string deployment, DryRun? dryRun = null)
    {
        DryRun = dryRun;
        Deployment = deployment;
        Directory = Path.Combine(Path.GetFullPath(artifactsDirectory), deployment);
    }

    public string Deployment { get; }

    /// <summary>Takes what is written; null writes it.</summary>
    public DryRun? DryRun { get; }

    /// <summary>Absolute path of the deployment's folder.</summary>
    public string Directory { get; }

    /// <summary>Where the deployment lives, as JSON; known once the folder is open.</summary>
    public string Binding => JsonSerializer.Serialize(_binding);

    /// <summary>
    /// Takes the folder for writing and binds it to where the deployment lives. The lock ends with the process, however it ends; what a killed
    /// process left half written is removed.
    /// </summary>
    /// <param name="purpose">What this run does, for whoever finds the folder taken: <c>Verify</c>.</param>
    /// <exception cref="UserException">Another process writes it, it is bound to another place, or it cannot be written.</exception>
    public void Open(object binding, TimeProvider time, string purpose = "")
    {
        if (DryRun is not null)
        {
            Bind(binding);
            return;
        }
        try
        {
            System.IO.Directory.CreateDirectory(Directory);
            _lock = new FileStream(Path.Combine(Directory, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (System.IO.Directory.Exists(Directory) && File.Exists(Path.Combine(Directory, ".lock")))
        {
            throw new UserException($"Another run is working on deployment '{Deployment}': {Holder()}. Wait for it, end it, or name another deployment with --deployment.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"Cannot write {Directory}: {exception.Message} Make the folder writable, or name another with --artifacts-directory.", exception);
        }
        foreach (var rest in System.IO.Directory.EnumerateFiles(Directory, "*.tmp"))
            File.Delete(rest);
        Write(LockFile, new LockHolder(Environment.ProcessId, Environment.MachineName, purpose, time.GetUtcNow()));
        Bind(binding);
    }

    /// <summary>The receipt of a target; null when there is none that this version understands.</summary>
    public Receipt? Read(string target)
    {
        var text = ReadText(target + ".json");
        if (text is null)
            return null;
        try
        {
            var receipt = JsonSerializer.Deserialize<Receipt>(text, Json);
            return receipt?.Schema == Receipt.CurrentSchema && receipt.Target == target ? receipt : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>All receipts that this version understands, by target.</summary>
    public IReadOnlyList<Receipt> All() =>
    [
        .. (System.IO.Directory.Exists(Directory) ? System.IO.Directory.EnumerateFiles(Directory, "*.json") : [])
            .Concat(DryRun?.FilesIn(Directory) ?? [])
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Distinct(StringComparer.Ordinal)
            .Select(Read)
            .OfType<Receipt>()
            .OrderBy(receipt => receipt.Target, StringComparer.Ordinal),
    ];

    /// <summary>Writes a receipt.</summary>
    public void Put(Receipt receipt) => Write(receipt.Target + ".json", receipt);

    /// <summary>The record a target made, whether current or not; null when there is none.</summary>
    public T? Output<T>(string target) where T : class
    {
        try
        {
            return Read(target)?.Output.Deserialize<T>(Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a JSON file into the folder, whole or not at all.</summary>
    public void Write(string fileName, object value)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(value, Json), (byte)'\n'];
        if (DryRun is not null)
            DryRun.Write(Path.Combine(Directory, fileName), bytes);
        else
            AtomicFile.Write(Path.Combine(Directory, fileName), bytes);
    }

    /// <summary>Forgets a target's receipt: what it describes is being changed or removed.</summary>
    public void Delete(string target)
    {
        var path = Path.Combine(Directory, target + ".json");
        if (DryRun is not null)
            DryRun.Remove(path);
        else
            File.Delete(path);
    }

    public void Dispose()
    {
        if (_lock is null)
            return;
        // While the lock is held, so that it is not the next holder's.
        File.Delete(Path.Combine(Directory, LockFile));
        _lock.Dispose();
        _lock = null;
    }

    private string Holder()
    {
        try
        {
            if (ReadText(LockFile) is { } text && JsonSerializer.Deserialize<LockHolder>(text, Json) is { } holder)
                return $"process {holder.Pid} on {holder.Machine}{(holder.Purpose is { Length: > 0 } purpose ? $" ({purpose})" : "")}, since {holder.Since:yyyy-MM-dd HH:mm:ss} UTC";
        }
        catch (JsonException)
        {
            // It is being written just now.
        }
        return "a process that has not said its name yet";
    }

    /// <summary>Compares a binding from elsewhere with this folder's.</summary>
    /// <exception cref="UserException">It is another place's, or cannot be read.</exception>
    public void CheckBinding(string text, string place)
    {
        JsonElement bound;
        try
        {
            bound = JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            throw new UserException($"{place} is not JSON. Restore it, or remove it to begin anew.");
        }
        if (Fingerprint.Of(bound) != Fingerprint.Of(_binding))
            throw new UserException(
                $"Deployment '{Deployment}' is bound to {Beside(bound, _binding)} ({place}), but this run asks for {Beside(_binding, bound)}. " +
                "Name another with --deployment, or tear the first one down ('./build.sh Teardown') and remove what binds it.");
    }

    private void Bind(object binding)
    {
        _binding = JsonSerializer.SerializeToElement(binding, Json);
        if (ReadText(BindingFile) is { } text)
            CheckBinding(text, Path.Combine(Directory, BindingFile));
        else
            Write(BindingFile, binding);
    }

    /// <summary>The fields of a binding that differ from another's.</summary>
    private static string Beside(JsonElement binding, JsonElement other) => binding.ValueKind != JsonValueKind.Object
        ? "something that is no place"
        : string.Join(", ", binding.EnumerateObject()
            .Where(field => other.ValueKind != JsonValueKind.Object || !other.TryGetProperty(field.Name, out var value) || value.ToString() != field.Value.ToString())
            .Select(field => $"{field.Name} {field.Value}"));

    private string? ReadText(string fileName)
    {
        var path = Path.Combine(Directory, fileName);
        if (DryRun is not null && DryRun.TryRead(path, out var planned))
            return planned is null ? null : System.Text.Encoding.UTF8.GetString(planned);
        try
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length <= LargestReceipt ? File.ReadAllText(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed record LockHolder(int Pid, string Machine, string? Purpose, DateTimeOffset Since);
}
