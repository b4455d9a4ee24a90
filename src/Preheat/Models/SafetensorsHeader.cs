using System.Buffers.Binary;
using System.Text.Json;

namespace Preheat.Models;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">Byte after the last.</param>
public sealed record TensorEntry(string Name, string DType, long Elements, long Begin, long End);

/// <summary>The header of a safetensors file: 8 bytes of length (little-endian), then JSON, then the tensors without gaps.</summary>
/// <remarks>Format: https://github.com/huggingface/safetensors, "Format" and its limits: header at most 100 MB, no holes, no overlap, no duplicate keys.</remarks>
public sealed record SafetensorsHeader
{
    /// <summary>Most bytes of JSON (MAX_HEADER_SIZE of the reference implementation).</summary>
    public const int LongestJson = 100_000_000;

    private static readonly Dictionary<string, int> Bits = new()
    {
        ["F4"] = 4, ["F6_E2M3"] = 6, ["F6_E3M2"] = 6,
        ["BOOL"] = 8, ["U8"] = 8, ["I8"] = 8, ["F8_E5M2"] = 8, ["F8_E4M3"] = 8, ["F8_E8M0"] = 8, ["F8_E4M3FNUZ"] = 8, ["F8_E5M2FNUZ"] = 8,
        ["I16"] = 16, ["U16"] = 16, ["F16"] = 16, ["BF16"] = 16,
        ["I32"] = 32, ["U32"] = 32, ["F32"] = 32,
        ["I64"] = 64, ["U64"] = 64, ["F64"] = 64, ["C64"] = 64,
    };

    /// <summary>Tensors in the order of their bytes.</summary>
    public required IReadOnlyList<TensorEntry> Tensors { get; init; }

    /// <summary>Length of the JSON from the file's first 8 bytes.</summary>
    /// <exception cref="FormatException">It is not possible for a file of this size.</exception>
    public static int JsonLength(ReadOnlySpan<byte> first, long fileSize)
    {
        if (fileSize < 8 || first.Length < 8)
            throw new FormatException($"it has {fileSize} bytes, too few for a header: it is cut short");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(first);
        if (length > LongestJson)
            throw new FormatException($"it claims a header of {length:N0} bytes, more than the {LongestJson:N0} that safetensors allows: it is damaged or no safetensors file");
        if (8 + (long)length > fileSize)
            throw new FormatException($"it claims a header of {length:N0} bytes but has only {fileSize:N0}: it is cut short");
        return (int)length;
    }

    /// <summary>Reads and checks the JSON: known types, shape × type = bytes, no gap or overlap, and the last tensor ends where the file does.</summary>
    /// <exception cref="FormatException">The header does not describe the file; the message completes "FILE is not good: …".</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> json, long fileSize)
    {
        if (json.Length == 0 || json.Span[0] != (byte)'{')
            throw new FormatException("its header does not start with '{': it is no safetensors file");
        var tensors = new List<TensorEntry>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name != "__metadata__")
                    tensors.Add(ReadTensor(property.Name, property.Value));
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            throw new FormatException($"its header is not what safetensors prescribes ({exception.Message.TrimEnd('.')})", exception);
        }
        if (tensors.Count == 0)
            throw new FormatException("its header names no tensor");
        tensors.Sort((left, right) => left.Begin != right.Begin ? left.Begin.CompareTo(right.Begin) : left.End.CompareTo(right.End));
        long position = 0;
        foreach (var tensor in tensors)
        {
            if (tensor.Begin != position)
                throw new FormatException($"tensor {tensor.Name} starts at byte {tensor.Begin:N0} of the data where {position:N0} is expected: the header lies or is damaged");
            position = tensor.End;
        }
        var data = fileSize - 8 - json.Length;
        if (position > data)
            throw new FormatException($"its header describes {position:N0} bytes of tensors but only {data:N0} are there: it is cut short");
        if (position < data)
            throw new FormatException($"its header describes {position:N0} bytes of tensors but {data:N0} are there: the header lies or is damaged");
        return new SafetensorsHeader { Tensors = tensors };
    }

    private static TensorEntry ReadTensor(string name, JsonElement value)
    {
        var dtype = value.GetProperty("dtype").GetString() ?? "null";
        if (!Bits.TryGetValue(dtype, out var bits))
            throw new FormatException($"tensor {name} has the unknown data type '{dtype}'");
        long elements = 1;
        foreach (var dimension in value.GetProperty("shape").EnumerateArray())
        {
            var extent = dimension.GetInt64();
            if (extent < 0)
                throw new FormatException($"tensor {name} has the negative dimension {extent}");
            elements = checked(elements * extent);
        }
        var offsets = value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
            throw new FormatException($"tensor {name} has {offsets.GetArrayLength()} data offsets instead of 2");
        var begin = offsets[0].GetInt64();
        var end = offsets[1].GetInt64();
        var allBits = checked(elements * bits);
        if (begin < 0 || end < begin || allBits % 8 != 0 || end - begin != allBits / 8)
            throw new FormatException($"tensor {name} has {elements:N0} elements of {dtype} but data offsets [{begin}, {end}]: the header lies or is damaged");
        return new TensorEntry(name, dtype, elements, begin, end);
    }
}
