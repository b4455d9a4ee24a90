using System.Collections.Concurrent;

namespace Preheat.Runs;

/// <summary>A request that a run would send and that changes something; the dry run does not send it.</summary>
/// <param name="Address">With logical hosts, as receipts have them.</param>
public sealed record PlannedRequest(string Method, string Address, string? Detail) : RunEvent;

/// <summary>A file that a run would write or remove.</summary>
/// <param name="Change"><c>write</c> or <c>remove</c>.</param>
public sealed record PlannedFile(string Change, string Path, string? Detail) : RunEvent;

/// <summary>
/// Stands for everything that a run changes: clients ask it before they send a request that changes something, and tell it instead; files are
/// kept in memory, where later steps read them. The steps themselves run as ever, and so cannot differ from what they would do.
/// </summary>
public sealed class DryRun(IEventSink events)
{
    private readonly ConcurrentDictionary<string, byte[]?> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _undecided = new(StringComparer.Ordinal);

    /// <summary>A request that is not sent.</summary>
    public void Request(string method, string address, string? detail = null) => events.Emit(new PlannedRequest(method, address, detail));

    /// <summary>A file that is not written. Its content is kept for <see cref="TryRead"/>.</summary>
    public void Write(string path, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        _files[path] = bytes;
        var isSame = File.Exists(path) && new FileInfo(path).Length == bytes.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes);
        events.Emit(new PlannedFile("write", path, FormattableString.Invariant($"{bytes.Length:N0} bytes{(isSame ? ", as it is now" : "")}")));
    }

    /// <summary>A file whose content only the run will know.</summary>
    public void Write(string path, string detail) => events.Emit(new PlannedFile("write", path, detail));

    /// <summary>A file that is not removed.</summary>
    public void Remove(string path)
    {
        _files[path] = null;
        if (File.Exists(path))
            events.Emit(new PlannedFile("remove", path, null));
    }

    /// <summary>What a file would hold.</summary>
    /// <param name="content">Null when it would be gone.</param>
    /// <returns>False when the run would leave it as it is.</returns>
    public bool TryRead(string path, out byte[]? content) => _files.TryGetValue(path, out content);

    /// <summary>Files of a folder that the run would have written.</summary>
    public IEnumerable<string> FilesIn(string directory) => _files.Where(file => file.Value is not null && Path.GetDirectoryName(file.Key) == directory).Select(file => file.Key);

    /// <summary>The current target's result follows from what is sent, and so is known only to a real run.</summary>
    public void Leave() => _undecided[CurrentTarget.Name ?? ""] = true;

    /// <summary>As <see cref="Leave"/>, to end the target.</summary>
    /// <param name="isTold">True when what it would do has been told, and only its result is left open.</param>
    public UndecidedException Undecided(bool isTold = false)
    {
        Leave();
        return new UndecidedException(isTold);
    }

    /// <summary>A text that follows from the current target's result, or a word in its place while that is not known.</summary>
    public string Known(string text) => IsUndecided(CurrentTarget.Name ?? "") ? "DIGEST" : text;

    /// <summary>True when a target's result is known only to a real run.</summary>
    public bool IsUndecided(string target) => _undecided.ContainsKey(target);
}

/// <summary>Ends a target of a dry run: what follows is decided when it runs. No failure.</summary>
/// <param name="isTold">True when what the target would do has been told, and only its result is left open.</param>
public sealed class UndecidedException(bool isTold) : Exception("Decided when it runs.")
{
    public bool IsTold => isTold;
}
