using System.Security.Cryptography;
using Preheat.Runs;

namespace Preheat.Models;

/// <summary>Names local files by their content.</summary>
internal static class ContentVerifier
{
    /// <summary>The same files, each of those that its source does not name by content now with its SHA-256. Reads them whole.</summary>
    /// <exception cref="UserException">A file cannot be read, or has changed since it was listed.</exception>
    public static async Task<IReadOnlyList<ModelFile>> HashAsync(
        IModelSource source, IReadOnlyList<ModelFile> files, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var local = files.Where(IsUnnamed).ToList();
        if (local.Count == 0)
            return files;
        var meter = new ByteMeter("verify", local.Sum(file => file.Size), events, time);
        var hashed = new List<ModelFile>(files.Count);
        foreach (var file in files)
            hashed.Add(IsUnnamed(file) ? await HashAsync(source, file, meter.Add, cancellation) : file);
        events.Emit(new Note($"Verified {local.Count} files ({local.Sum(file => file.Size):N0} bytes) by their content."));
        return hashed;
    }

    /// <summary>A hub names a file by the SHA-256 of its content or by its git blob id.</summary>
    private static bool IsUnnamed(ModelFile file) => file.Sha256 is null && !file.Identity.StartsWith("git:", StringComparison.Ordinal);

    /// <summary>One file with its SHA-256.</summary>
    /// <param name="moved">Told how many bytes each step read; null for nobody.</param>
    /// <exception cref="PreheatException">The file broke off.</exception>
    public static async Task<ModelFile> HashAsync(IModelSource source, ModelFile file, Action<long>? moved, CancellationToken cancellation)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var stream = await source.OpenAsync(file, 0, null, cancellation);
            var buffer = new byte[1 << 20];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                moved?.Invoke(read);
            }
            return file with { Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()) };
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new PreheatException($"{file.Path} of {source.Description} broke off while it was read: {exception.Message} Run the step again.", exception);
        }
    }
}
