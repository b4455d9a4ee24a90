using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class InterruptTests
{
    [Fact]
    public void The_first_signal_cancels_and_the_second_exits()
    {
        var lines = new List<string>();
        var exits = 0;
        using var interrupt = new Interrupt(lines.Add, TimeProvider.System, () => exits++);
        interrupt.Requested.ShouldBeFalse();
        interrupt.Signal();
        interrupt.Token.IsCancellationRequested.ShouldBeTrue();
        exits.ShouldBe(0);
        interrupt.Signal();
        exits.ShouldBe(1);
        lines.ShouldHaveSingleItem().ShouldContain("Ctrl+C");
    }

    [Fact]
    public void Cleaning_up_ends_after_a_minute()
    {
        var time = new HandTimer();
        var exits = 0;
        using var interrupt = new Interrupt(_ => { }, time, () => exits++);
        time.Due.ShouldBeNull();
        interrupt.Signal();
        time.Due.ShouldBe(TimeSpan.FromSeconds(60));
        exits.ShouldBe(0);
        time.Fire();
        exits.ShouldBe(1);
    }

    /// <summary>A clock whose one timer goes off when told.</summary>
    private sealed class HandTimer : TimeProvider, ITimer
    {
        private Action? _fire;

        public TimeSpan? Due { get; private set; }

        public void Fire() => _fire!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (Due, _fire) = (dueTime, () => callback(state));
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _fire = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
