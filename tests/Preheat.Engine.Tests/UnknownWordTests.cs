using Nuke.Common;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class UnknownWordTests : BuildRunTests
{
    [Theory]
    [InlineData("--modle x", "Unknown option --modle; did you mean --model?")]
    [InlineData("--no-such-thing-at-all", "Unknown option --no-such-thing-at-all. Run with --help for all options.")]
    [InlineData("Depoly", "Unknown target 'Depoly'; did you mean Deploy?")]
    [InlineData("Quux", "Unknown target 'Quux'. Run with --help for all targets.")]
    [InlineData("--skip Depoly", "Unknown target 'Depoly'; did you mean Deploy?")]
    public void Refuses_the_word_and_names_the_nearest(string arguments, string message)
    {
        _run.Run<Sample>(arguments, x => x.Deploy).ShouldBe(2);
        _run.Error.ShouldBe(message + "\n");
        _run.Out.ShouldBeEmpty();
    }

    [Fact]
    public void Reports_all_mistakes_together()
    {
        _run.Run<Sample>("Depoly --modle x y --rate ten", x => x.Deploy).ShouldBe(2);
        _run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe([
            "Unknown option --modle; did you mean --model?",
            "Unknown target 'Depoly'; did you mean Deploy?",
            "Parameter --rate: 'ten' is not a whole number (from the command line).",
        ]);
    }

    private sealed class Sample : NukeBuild
    {
        [Parameter] public readonly string? Model;
        [Parameter] public readonly int? Rate;

        public Target Deploy => _ => _.Executes(() => throw new InvalidOperationException("must not run"));
    }
}
