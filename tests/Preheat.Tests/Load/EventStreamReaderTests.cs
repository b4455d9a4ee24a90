using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Preheat.Load;

namespace Preheat.Tests.Load;

public class EventStreamReaderTests
{
    private sealed class Collected : IEventStreamHandler
    {
        public List<string> Events { get; } = [];

        public void OnEvent(string type, ReadOnlyMemory<byte> data, long stamp) => Events.Add($"{type}|{Encoding.UTF8.GetString(data.Span)}|{stamp}");
    }

    private static List<string> Read(string text, params int[] cuts)
    {
        var collected = new Collected();
        var reader = new EventStreamReader(collected);
        var bytes = Encoding.UTF8.GetBytes(text);
        var from = 0;
        foreach (var cut in cuts.Order().Append(bytes.Length))
        {
            reader.Feed(bytes.AsSpan(from, cut - from), 0);
            from = cut;
        }
        reader.Complete(0);
        return collected.Events;
    }

    [Theory]
    [InlineData("data: a\n\n", "|a|0")]
    [InlineData("data:a\n\n", "|a|0")]
    [InlineData("data:  a\n\n", "| a|0")]
    [InlineData("data: a\r\n\r\n", "|a|0")]
    [InlineData("data: a\r\r", "|a|0")]
    [InlineData("data: a\ndata: b\n\n", "|a\nb|0")]
    [InlineData("data\n\n", "||0")]
    [InlineData("event: error\ndata: a\n\n", "error|a|0")]
    [InlineData(": ping\n\ndata: a\n\n", "|a|0")]
    [InlineData("id: 7\nretry: 1\nwhat: ever\ndata: a\n\n", "|a|0")]
    [InlineData("data: a\n", "|a|0")]
    [InlineData("\uFEFFdata: a\n\n", "|a|0")]
    public void Reads_one_event(string text, string expected) => Read(text).ShouldBe([expected]);

    [Theory]
    [InlineData(": ping\n\n")]
    [InlineData("event: x\n\n")]
    [InlineData("data: cut off")]
    [InlineData("")]
    public void Reads_no_event(string text) => Read(text).ShouldBeEmpty();

    [Fact]
    public void An_event_type_holds_for_one_event_only() => Read("event: error\ndata: a\n\ndata: b\n\n").ShouldBe(["error|a|0", "|b|0"]);

    [Fact]
    public void An_event_has_the_time_of_the_bytes_that_ended_it()
    {
        var collected = new Collected();
        var reader = new EventStreamReader(collected);
        reader.Feed("data: a\n"u8, 1);
        reader.Feed("\ndata: b\n\n"u8, 2);
        collected.Events.ShouldBe(["|a|2", "|b|2"]);
    }

    [Fact]
    public void Cuts_change_nothing() => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(),
        seeds =>
        {
            const string Text = ": ping\r\n\r\ndata: Grüße 👋\r\n\r\nevent: x\rdata:1\rdata:2\r\r\ndata: {\"a\":\ndata: 1}\n\ndata: [DONE]\n\n";
            var length = Encoding.UTF8.GetByteCount(Text);
            Read(Text, [.. seeds.Select(seed => (int)((uint)seed % (uint)length))]).ShouldBe(Read(Text));
        }).QuickCheckThrowOnFailure();
}
