using System.Buffers.Binary;
using System.Text.Json;

namespace Preheat.LocalCloud.Serving.ModelFiles;

/// <summary>One tensor of a file.</summary>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One past the last byte.</param>
internal sealed record TensorInfo(string Name, string Type, IReadOnlyList<long> Shape, long Begin, long End);

/// <summary>
/// The header of a safetensors file: 8 bytes of length (little-endian), then JSON, then the tensors' bytes without hole or overlap up to
/// the end of the file. https://github.com/huggingface/safetensors#format
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The reference implementation's limit, bytes.</summary>
    public const long MaxLength = 100_000_000;

    private static readonly Dictionary<string, int> Bits = new(StringComparer.Ordinal)
    {
        ["BOOL"] = 8,
        ["F4"] = 4,
        ["F6_E2M3"] = 6,
        ["F6_E3M2"] = 6,
        ["U8"] = 8,
        ["I8"] = 8,
        ["F8_E5M2"] = 8,
        ["F8_E4M3"] = 8,
        ["F8_E8M0"] = 8,
        ["I16"] = 16,
        ["U16"] = 16,
        ["F16"] = 16,
        ["BF16"] = 16,
        ["I32"] = 32,
        ["U32"] = 32,
        ["F32"] = 32,
        ["C64"] = 64,
        ["F64"] = 64,
        ["I64"] = 64,
        ["U64"] = 64,
    };

    /// <summary>Reads and checks a file's header against the file's true size.</summary>
    /// <exception cref="InvalidDataException">With the reference implementation's word for what is wrong.</exception>
    public static IReadOnlyList<TensorInfo> Read(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> prefix = stackalloc byte[8];
        if (file.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
        {
            throw new InvalidDataException("HeaderTooSmall");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxLength)
        {
            throw new InvalidDataException("HeaderTooLarge");
        }

        if ((ulong)file.Length < length + 8)
        {
            throw new InvalidDataException("InvalidHeaderLength");
        }

        var header = new byte[length];
        file.ReadExactly(header);
        var tensors = Tensors(header).OrderBy(t => t.Begin).ThenBy(t => t.End).ToList();
        CheckLayout(tensors, file.Length - 8 - (long)length);
        return tensors;
    }

    private static List<TensorInfo> Tensors(byte[] header)
    {
        var tensors = new List<TensorInfo>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                if (!names.Add(entry.Name))
                {
                    throw new InvalidDataException($"InvalidHeaderDeserialization: duplicate tensor {entry.Name}");
                }

                if (entry.Name != "__metadata__")
                {
                    tensors.Add(Tensor(entry));
                }
            }
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("InvalidHeaderDeserialization", wrong);
        }

        return tensors;
    }

    private static TensorInfo Tensor(JsonProperty entry)
    {
        var type = entry.Value.GetProperty("dtype").GetString() ?? "";
        var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToList();
        var offsets = entry.Value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
        {
            throw new InvalidDataException($"InvalidHeaderDeserialization: data_offsets of {entry.Name}");
        }

        var tensor = new TensorInfo(entry.Name, type, shape, offsets[0].GetInt64(), offsets[1].GetInt64());
        if (!Bits.TryGetValue(type, out var bits))
        {
            throw new InvalidDataException($"InvalidHeaderDeserialization: unknown dtype {type} of {entry.Name}");
        }

        UInt128 size = (uint)bits;
        foreach (var dimension in shape)
        {
            // A product beyond any file cannot match; stop before it overflows.
            size = dimension < 0 || size > ulong.MaxValue ? UInt128.MaxValue >> 64 : size * (ulong)dimension;
        }

        if (tensor.Begin < 0 || tensor.End < tensor.Begin || size != (UInt128)(ulong)(tensor.End - tensor.Begin) * 8)
        {
            throw new InvalidDataException($"TensorInvalidInfo: {entry.Name}");
        }

        return tensor;
    }

    private static void CheckLayout(List<TensorInfo> tensors, long dataLength)
    {
        var at = 0L;
        foreach (var tensor in tensors)
        {
            if (tensor.Begin != at)
            {
                throw new InvalidDataException($"InvalidOffset(\"{tensor.Name}\")");
            }

            at = tensor.End;
        }

        if (at != dataLength)
        {
            throw new InvalidDataException("MetadataIncompleteBuffer");
        }
    }
}
