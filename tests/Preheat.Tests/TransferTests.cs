using Preheat.Runs;

namespace Preheat.Tests;

public sealed class TransferTests
{
    private readonly HandTime _time = new();
    private readonly RecordedEvents _events = new();

    [Fact]
    public async Task Tells_all_parts_together_with_rate_and_time_left()
    {
        var total = new TransferTotal("BakeImage", [1_000_000_000, 3_000_000_000], _events, _time);
        await total.RunAsync(0, () =>
        {
            var meter = new ByteMeter("a", 1_000_000_000, total, _time);
            _time.Advance(1);
            meter.Add(250_000_000);
            _time.Advance(1);
            meter.Add(250_000_000);
            return Task.CompletedTask;
        });

        // The last event of the part came before its end: the part is at its place all the same.
        Told().ShouldBe([
            "BakeImage: 0 of 2 layers, 0.3 of 4.0 GB, 250 MB/s, 15 s left",
            "BakeImage: 0 of 2 layers, 0.5 of 4.0 GB, 250 MB/s, 14 s left",
        ]);
        await total.RunAsync(1, () =>
        {
            _time.Advance(2);
            total.Emit(new ByteProgress("b", 3_000_000_000, 3_000_000_000));
            return Task.CompletedTask;
        });
        Told()[^1].ShouldBe("BakeImage: 2 of 2 layers, 4.0 of 4.0 GB, 875 MB/s");
    }

    [Fact]
    public async Task A_part_that_starts_again_counts_once_as_done_and_twice_as_moved()
    {
        var total = new TransferTotal("BakeImage", [100_000_000], _events, _time);
        await total.RunAsync(0, () =>
        {
            _time.Advance(1);
            total.Emit(new ByteProgress("a", 80_000_000, 100_000_000));
            _time.Advance(1);
            total.Emit(new ByteProgress("a", 20_000_000, 100_000_000));
            return Task.CompletedTask;
        });
        Told()[1].ShouldBe("BakeImage: 0 of 1 layers, 20.0 of 100 MB, 50.0 MB/s, 2 s left");
    }

    [Fact]
    public async Task Says_nothing_where_everything_is_there_and_passes_all_other_events_on()
    {
        var total = new TransferTotal("BakeImage", [5, 5], _events, _time);
        for (var part = 0; part < 2; part++)
            await total.RunAsync(part, () => Task.CompletedTask);
        total.Emit(new Note("kept"));
        _events.All.ShouldBe([new Note("kept")]);
    }

    [Fact]
    public async Task Parts_at_the_same_time_are_told_apart()
    {
        var total = new TransferTotal("BakeImage", [100, 100], _events, _time);
        using var both = new Barrier(2);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(part => Task.Run(() => total.RunAsync(part, async () =>
        {
            await Task.Yield();
            both.SignalAndWait();
            // The same subject in both: only the flow of control tells them apart.
            total.Emit(new ByteProgress("same", 60, 100));
            both.SignalAndWait();
        }))));
        _events.All.OfType<TransferProgress>().Last().ShouldSatisfyAllConditions(
            last => last.PartsDone.ShouldBe(2),
            last => last.Done.ShouldBe(200));
    }

    [Fact]
    public void A_single_transfer_tells_its_rate_and_time_left() =>
        TransferText.Of(new ByteProgress("a", 500_000_000, 2_000_000_000), 100_000_000).ShouldBe("a: 0.5 of 2.0 GB, 100 MB/s, 15 s left");

    [Fact]
    public void Without_a_total_only_the_amount_is_told() =>
        TransferText.Of(new ByteProgress("a", 12_300_000, null), 0).ShouldBe("a: 12.3 MB");

    private IReadOnlyList<string> Told() => [.. _events.All.OfType<TransferProgress>().Select(TransferText.Of)];

    private sealed class HandTime : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public void Advance(long seconds) => _seconds += seconds;

        public override long GetTimestamp() => _seconds;
    }
}
