using System.Text;
using System.Text.Json;

namespace Preheat.Runs;

/// <summary>Keeps receipts at a shared place too, and continues from there in a folder that has none.</summary>
/// <remarks>What is there is a cache as the local receipts are: every step probes what its receipt describes.</remarks>
public sealed class ReceiptSharing(ReceiptStore receipts, IEventSink events)
{
    /// <summary>Bytes of all copies together. A ConfigMap holds 1 MiB (Kubernetes, "ConfigMaps"), keys and metadata included.</summary>
    public const int Largest = 900_000;

    private static readonly JsonSerializerOptions Compact = new(ReceiptStore.Json) { WriteIndented = false };

    private IReadOnlyDictionary<string, string>? _shared;

    /// <summary>Takes over the shared receipts when this folder has none.</summary>
    /// <returns>How many were taken over.</returns>
    /// <exception cref="UserException">They belong to a deployment of this name at another place.</exception>
    public async Task<int> ContinueAsync(ISharedReceipts shared, CancellationToken cancellation)
    {
        if (receipts.All().Count > 0 || await TryAsync(shared, "read", () => shared.ReadAsync(cancellation), cancellation) is not { } files)
            return 0;
        if (files.GetValueOrDefault(ReceiptStore.BindingFile) is { } binding)
            receipts.CheckBinding(binding, shared.Place);
        var taken = files.Select(file => Read(file.Key, file.Value)).OfType<Receipt>().ToList();
        foreach (var receipt in taken)
            receipts.Put(receipt);
        if (taken.Count > 0)
            events.Emit(new Note($"Continues from {taken.Count} receipts in {shared.Place}: {string.Join(", ", taken.Select(receipt => receipt.Target))}."));
        _shared = files;
        return taken.Count;
    }

    /// <summary>Brings the shared copies up to date. That this fails is a warning: it is the next machine that works more.</summary>
    public async Task ShareAsync(ISharedReceipts shared, CancellationToken cancellation)
    {
        var files = Copies();
        _shared ??= await TryAsync(shared, "read", () => shared.ReadAsync(cancellation), cancellation);
        if (_shared is not null && _shared.Count == files.Count && files.All(file => _shared.GetValueOrDefault(file.Key) == file.Value))
            return;
        await TryAsync<object>(
            shared,
            "written",
            async () =>
            {
                await shared.WriteAsync(files, cancellation);
                return _shared = files;
            },
            cancellation);
    }

    private static Receipt? Read(string file, string text)
    {
        // What comes from the network names no path.
        var target = Path.GetFileNameWithoutExtension(file);
        if (file != target + ".json" || target.Length is 0 or > 100 || !char.IsAsciiLetterUpper(target[0]) || !target.All(char.IsAsciiLetterOrDigit))
            return null;
        try
        {
            return JsonSerializer.Deserialize<Receipt>(text, ReceiptStore.Json) is { Schema: Receipt.CurrentSchema } receipt && receipt.Target == target ? receipt : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The binding, and the receipts that say something on another machine too. Secrets are in no receipt.</summary>
    private SortedDictionary<string, string> Copies()
    {
        var copies = new SortedDictionary<string, string>(StringComparer.Ordinal) { [ReceiptStore.BindingFile] = receipts.Binding };
        var left = Largest - Size(receipts.Binding);
        // The small ones first, so that one model with very many files costs its own receipt only, which is soon made anew.
        foreach (var (target, text) in receipts.All()
            .Where(receipt => !NamesThisMachine(receipt.Output))
            .Select(receipt => (receipt.Target, Text: JsonSerializer.Serialize(receipt, Compact)))
            .OrderBy(copy => Size(copy.Text))
            .ThenBy(copy => copy.Target, StringComparer.Ordinal))
        {
            left -= Size(text);
            if (left >= 0)
                copies[target + ".json"] = text;
        }
        return copies;
    }

    private static int Size(string text) => Encoding.UTF8.GetByteCount(text);

    // A model from a directory: its path and the identities of its files are this machine's.
    private static bool NamesThisMachine(JsonElement output) => output.ValueKind switch
    {
        JsonValueKind.String => output.GetString()!.Contains("file:/", StringComparison.OrdinalIgnoreCase),
        JsonValueKind.Object => output.EnumerateObject().Any(property => NamesThisMachine(property.Value)),
        JsonValueKind.Array => output.EnumerateArray().Any(NamesThisMachine),
        _ => false,
    };

    private async Task<T?> TryAsync<T>(ISharedReceipts shared, string done, Func<Task<T?>> work, CancellationToken cancellation) where T : class
    {
        try
        {
            return await work();
        }
        catch (PreheatException exception) when (!cancellation.IsCancellationRequested)
        {
            events.Emit(new Warning($"The shared receipts in {shared.Place} cannot be {done}: {exception.Message}"));
            return null;
        }
    }
}
