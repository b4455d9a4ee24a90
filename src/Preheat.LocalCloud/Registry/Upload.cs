using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Preheat.LocalCloud.Registry;

/// <summary>One blob on its way in: written to a temporary file and hashed while it arrives.</summary>
internal sealed class Upload : IDisposable
{
    /// <summary>Large enough to make the system calls few, small enough that hashing finds the bytes still in the processor's cache.</summary>
    private const int BufferSize = 256 * 1024;

    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public Upload(string name, string folder, long startedAt)
    {
        Id = Guid.NewGuid().ToString();
        Name = name;
        StartedAt = startedAt;
        Path = System.IO.Path.Combine(folder, Id);
        _file = File.OpenHandle(Path, FileMode.CreateNew, FileAccess.Write);
    }

    public string Id { get; }

    /// <summary>Repository it belongs to.</summary>
    public string Name { get; }

    public string Path { get; }

    /// <summary>Time stamp of the registry's clock.</summary>
    public long StartedAt { get; }

    /// <summary>Bytes received.</summary>
    public long Length { get; private set; }

    public bool HasContent { get; private set; }

    /// <summary>Takes a whole body in. Nothing larger than one buffer is held in memory.</summary>
    public async Task ReceiveAsync(Stream body, CancellationToken cancellation)
    {
        HasContent = true;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (int read; (read = await FillAsync(body, buffer, cancellation)) > 0; Length += read)
            {
                _hash.AppendData(buffer, 0, read);
                RandomAccess.Write(_file, buffer.AsSpan(0, read), Length); // to the page cache: no use in another thread
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Closes the file and tells what came in.</summary>
    public Digest Finish()
    {
        _file.Dispose();
        return Digest.Of(_hash);
    }

    /// <summary>Removes what is left in the upload folder.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        File.Delete(Path);
    }

    private static ValueTask<int> FillAsync(Stream body, byte[] buffer, CancellationToken cancellation) =>
        body.ReadAtLeastAsync(buffer.AsMemory(0, BufferSize), BufferSize / 4, throwOnEndOfStream: false, cancellation);
}
