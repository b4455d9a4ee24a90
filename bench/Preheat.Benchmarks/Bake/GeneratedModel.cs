using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Preheat.Models;

namespace Preheat.Benchmarks.Bake;

/// <summary>A model made on the fly: four safetensors shards of bf16 weights, normally distributed, of any size, without a disk.</summary>
internal sealed class GeneratedModel : IModelSource
{
    private const int Shards = 4;

    // Hash functions take the same time for any bytes; one block again and again costs no more than a copy.
    private readonly byte[] _block = new byte[8 << 20];
    private readonly SortedDictionary<string, (byte[] Head, long Size)> _files = new(StringComparer.Ordinal);

    public GeneratedModel(long weightBytes)
    {
        FillWithWeights(_block);
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 1; i <= Shards; i++)
        {
            var elements = weightBytes / Shards / 2;
            var name = $"model-{i:00000}-of-{Shards:00000}.safetensors";
            var tensor = $"model.layers.{i}.weight";
            map[tensor] = name;
            var json = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [tensor] = new { dtype = "BF16", shape = new[] { elements }, data_offsets = new[] { 0, elements * 2 } },
            });
            var head = new byte[8 + json.Length];
            BinaryPrimitives.WriteInt64LittleEndian(head, json.Length);
            json.CopyTo(head.AsSpan(8));
            _files[name] = (head, head.Length + elements * 2);
        }
        AddText("config.json", """{"architectures":["Gemma2ForCausalLM"]}""");
        AddText("tokenizer.json", """{"version":"1.0"}""");
        AddText("model.safetensors.index.json", JsonSerializer.Serialize(new { weight_map = map }));
    }

    public string Description => "the generated model";

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes => _files.Values.Sum(file => file.Size);

    public Task<ModelListing> ListAsync(CancellationToken cancellation) => Task.FromResult(new ModelListing(
        "0000000000000000000000000000000000000000",
        [.. _files.Select(file => new ModelFile(file.Key, file.Value.Size, null, "generated:" + file.Key))],
        "apache-2.0"));

    public Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation)
    {
        var (head, size) = _files[file.Path];
        return Task.FromResult<Stream>(new GeneratedStream(head, _block, offset, Math.Min(size, length is { } count ? offset + count : size)));
    }

    /// <summary>Writes all files into a folder.</summary>
    public async Task WriteAsync(string folder, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in (await ListAsync(cancellation)).Files)
        {
            await using var source = await OpenAsync(file, 0, null, cancellation);
            await using var target = new FileStream(Path.Combine(folder, file.Path), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
            await source.CopyToAsync(target, 1 << 20, cancellation);
        }
    }

    public void Dispose()
    {
        // Memory only.
    }

    /// <summary>Normally distributed with the deviation that trained weights have; bf16 is the upper half of a float.</summary>
    private static void FillWithWeights(Span<byte> block)
    {
        var random = new Random(42);
        for (var i = 0; i < block.Length; i += 2)
        {
            // Box and Muller.
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            BinaryPrimitives.WriteUInt16LittleEndian(block[i..], (ushort)(BitConverter.SingleToUInt32Bits((float)(0.02 * normal)) >> 16));
        }
    }

    private void AddText(string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _files[path] = (bytes, bytes.Length);
    }

    private sealed class GeneratedStream(byte[] head, byte[] block, long position, long end) : Stream
    {
        private long _position = position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => end;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var from = _position < head.Length ? head.AsSpan((int)_position) : block.AsSpan((int)((_position - head.Length) % block.Length));
            var count = (int)Math.Min(Math.Min(buffer.Length, from.Length), end - _position);
            from[..count].CopyTo(buffer);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
