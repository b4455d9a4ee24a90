using System.Buffers.Binary;
using System.Text;
using Preheat.Models;

namespace Preheat.Tests.Models;

public sealed class SafetensorsHeaderTests
{
    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""", 16, 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4, 1)]
    [InlineData("""{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}""", 2, 4)]
    [InlineData("""{"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]},"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}   """, 5, 4)]
    [InlineData("""{"empty":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, 1)]
    public void Reads_what_the_format_allows(string json, int data, long elements) =>
        Parse(json, data).Tensors.Sum(tensor => tensor.Elements).ShouldBe(elements);

    [Theory]
    [InlineData("""[]""", 0, "does not start with '{'")]
    [InlineData("""{"a":""", 0, "not what safetensors prescribes")]
    [InlineData("""{}""", 0, "names no tensor")]
    [InlineData("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown data type 'F31'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "2 elements of F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "negative dimension")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}""", 4, "not what safetensors prescribes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "1 data offsets instead of 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "starts at byte 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "tensor b starts at byte 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "not what safetensors prescribes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, "cut short")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 3, "the header lies")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,2]}}""", 2, "not what safetensors prescribes")]
    [InlineData("""{"a":7}""", 2, "not what safetensors prescribes")]
    public void Refuses_a_header_that_does_not_describe_the_file(string json, int data, string message) =>
        Should.Throw<FormatException>(() => Parse(json, data)).Message.ShouldContain(message);

    [Theory]
    [InlineData(0, 7, "too few for a header")]
    [InlineData(100, 50, "cut short")]
    [InlineData(100_000_001, 200_000_000, "more than the 100,000,000")]
    [InlineData(-1, 200, "more than the 100,000,000")]
    public void Refuses_a_length_that_cannot_be(long claimed, long fileSize, string message)
    {
        var first = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(first, claimed);
        Should.Throw<FormatException>(() => SafetensorsHeader.JsonLength(first, fileSize)).Message.ShouldContain(message);
    }

    private static SafetensorsHeader Parse(string json, int data)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return SafetensorsHeader.Parse(bytes, 8 + bytes.Length + data);
    }
}
