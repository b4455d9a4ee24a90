using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Tests.Hosting;

public sealed class ActivityMonitorTests
{
    private readonly ManualTime _time = new();
    private readonly ActivityMonitor _activity;

    public ActivityMonitorTests() => _activity = new ActivityMonitor(_time);

    [Fact]
    public void A_touch_begins_the_idle_time_anew()
    {
        _time.Advance(TimeSpan.FromMinutes(20));
        _activity.Idle.ShouldBe(TimeSpan.FromMinutes(20));
        _activity.Touch();
        _time.Advance(TimeSpan.FromMinutes(2));
        _activity.Idle.ShouldBe(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Is_not_idle_while_a_long_request_lasts()
    {
        var body = new TaskCompletionSource();
        var request = _activity.UseAsync(() => body.Task);
        _time.Advance(TimeSpan.FromHours(2));
        _activity.Idle.ShouldBe(TimeSpan.Zero);
        body.SetResult();
        await request;
        _time.Advance(TimeSpan.FromMinutes(1));
        _activity.Idle.ShouldBe(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task The_wait_ends_at_once_when_idle_for_long_enough()
    {
        _time.Advance(TimeSpan.FromMinutes(30));
        await _activity.WaitForIdleAsync(TimeSpan.FromMinutes(30), CancellationToken.None);
    }

    [Fact]
    public async Task The_wait_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        var wait = _activity.WaitForIdleAsync(TimeSpan.FromMinutes(30), source.Token);
        wait.IsCompleted.ShouldBeFalse();
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => wait);
    }

    /// <summary>A clock that moves only when told to; its timers are the system's.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan span) => _now += span.Ticks;
    }
}
