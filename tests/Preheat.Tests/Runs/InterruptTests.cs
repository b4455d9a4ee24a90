using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class InterruptTests
{
    [Fact]
    public void The_first_signal_cancels_and_the_second_exits()
    {
        var lines = new List<string>();
        var exits = 0;
        using var interrupt = new Interrupt(lines.Add, () => exits++);
        interrupt.Requested.ShouldBeFalse();
        interrupt.Signal();
        interrupt.Token.IsCancellationRequested.ShouldBeTrue();
        exits.ShouldBe(0);
        interrupt.Signal();
        exits.ShouldBe(1);
        lines.ShouldHaveSingleItem().ShouldContain("Ctrl+C");
    }
}
