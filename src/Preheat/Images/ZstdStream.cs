using System.Buffers;
using System.Runtime.InteropServices;

namespace Preheat.Images;

/// <summary>Compresses to one zstd frame (RFC 8878) with the machine's libzstd; the target stays open.</summary>
/// <remarks>The streaming API of zstd.h (<c>ZSTD_compressStream2</c>), one thread, so that the same content gives the same bytes.</remarks>
internal sealed class ZstdStream : Stream
{
    private const string Library = "libzstd.so.1";
    private const int CompressionLevel = 100; // ZSTD_c_compressionLevel
    private const int ChecksumFlag = 201; // ZSTD_c_checksumFlag
    private const int Continue = 0; // ZSTD_e_continue
    private const int End = 2; // ZSTD_e_end
    private const int Level = 1;

    private readonly Stream _target;
    private readonly byte[] _output = ArrayPool<byte>.Shared.Rent(256 << 10);
    private nint _context;

    public ZstdStream(Stream target)
    {
        _target = target;
        _context = CreateContext();
        if (_context == 0)
            throw new PreheatException("libzstd gave no compression context: memory is short.");
        Check(SetParameter(_context, CompressionLevel, Level));
        Check(SetParameter(_context, ChecksumFlag, 1));
    }

    /// <summary>True when libzstd can be loaded.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Library, out _);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => _context != 0;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        while (buffer.Length > 0)
        {
            var (read, made, _) = Step(buffer.Span, Continue);
            buffer = buffer[read..];
            if (made > 0)
                await _target.WriteAsync(_output.AsMemory(0, made), cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write asynchronously.");

    /// <summary>Ends the frame.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (_context == 0)
            return;
        try
        {
            nuint left;
            do
            {
                (_, var made, left) = Step([], End);
                await _target.WriteAsync(_output.AsMemory(0, made));
            }
            while (left > 0);
        }
        finally
        {
            await base.DisposeAsync();
        }
    }

    public override void Flush()
    {
        // A frame is flushed at its end.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (_context != 0)
        {
            _ = FreeContext(_context);
            _context = 0;
            ArrayPool<byte>.Shared.Return(_output);
        }
        base.Dispose(disposing);
    }

    private (int Read, int Made, nuint Left) Step(ReadOnlySpan<byte> bytes, int directive)
    {
        nuint made = 0;
        nuint read = 0;
        var left = CompressStream(_context, ref MemoryMarshal.GetArrayDataReference(_output), (nuint)_output.Length, ref made, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, ref read, directive);
        Check(left);
        return ((int)read, (int)made, left);
    }

    private static void Check(nuint result)
    {
        if (IsError(result) != 0)
            throw new PreheatException($"libzstd failed: {Marshal.PtrToStringUTF8(ErrorName(result))}. Choose --layer-compression none.");
    }

    [DllImport(Library, EntryPoint = "ZSTD_createCCtx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint CreateContext();

    [DllImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nuint FreeContext(nint context);

    [DllImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nuint SetParameter(nint context, int parameter, int value);

    // The variant with plain arguments, made for bindings.
    [DllImport(Library, EntryPoint = "ZSTD_compressStream2_simpleArgs")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nuint CompressStream(
        nint context, ref byte output, nuint capacity, ref nuint outputPosition, ref byte input, nuint size, ref nuint inputPosition, int directive);

    [DllImport(Library, EntryPoint = "ZSTD_isError")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint IsError(nuint result);

    [DllImport(Library, EntryPoint = "ZSTD_getErrorName")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ErrorName(nuint result);
}
