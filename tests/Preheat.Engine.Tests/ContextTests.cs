using Nuke.Common;
using Nuke.Common.Execution;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class ContextTests : BuildRunTests
{
    [Fact]
    public void Runs_the_target_between_set_up_and_clean_up()
    {
        var build = new Sample();
        _run.Run(() => build, ["Check"], x => x.Check).ShouldBe(0, _run.Output);
        build.Ran.ShouldBe(["Up", "Check", "Down"]);
    }

    [Fact]
    public void Cleans_up_after_a_failure()
    {
        var build = new Sample { Fails = true };
        _run.Run(() => build, ["Check"], x => x.Check).ShouldBe(1);
        build.Ran.ShouldBe(["Up", "Down"]);
        build.ExecutionPlan.Single(target => target.Name == "Down").AssuredAfterFailure.ShouldBeTrue();
    }

    [Fact]
    public void Sets_up_nothing_that_nobody_needs()
    {
        var build = new Sample();
        _run.Run(() => build, ["Free"], x => x.Check).ShouldBe(0, _run.Output);
        build.Ran.ShouldBe(["Free"]);
    }

    [Theory]
    [InlineData(nameof(WithoutContext), "Target 'Check' depends on the context IServer, which WithoutContext does not implement.")]
    [InlineData(nameof(NoContext), "Target 'Check' depends on the context INoContext, which declares no Setup.")]
    [InlineData(nameof(SetupAlone), "ISetupAlone must declare one Cleanup for its Setup 'Up'; it has 0.")]
    public void Refuses_a_context_that_is_not_whole(string build, string message)
    {
        var exit = build switch
        {
            nameof(WithoutContext) => _run.Run<WithoutContext>("Check"),
            nameof(NoContext) => _run.Run<NoContext>("Check"),
            _ => _run.Run<SetupAlone>("Check"),
        };
        exit.ShouldBe(2);
        _run.Error.ShouldBe(message + "\n");
    }

    private interface IServer : INukeBuild
    {
        List<string> Ran { get; }
        Setup Up => _ => _.Executes(() => Ran.Add("Up"));
        Cleanup Down => _ => _.Executes(() => Ran.Add("Down"));
    }

    private interface INoContext : INukeBuild
    {
        Target One => _ => _;
    }

    private interface ISetupAlone : INukeBuild
    {
        Setup Up => _ => _;
    }

    private sealed class Sample : RecordingBuild, IServer
    {
        public bool Fails { get; init; }

        public Target Check => _ => _.DependsOnContext<IServer>().Executes(() =>
        {
            if (Fails)
            {
                throw new InvalidOperationException("check failed");
            }

            Ran.Add("Check");
        });

        private Target Free => _ => _.Executes(() => Ran.Add("Free"));
    }

    private sealed class WithoutContext : RecordingBuild
    {
        private Target Check => _ => _.DependsOnContext<IServer>();
    }

    private sealed class NoContext : RecordingBuild, INoContext
    {
        private Target Check => _ => _.DependsOnContext<INoContext>();
    }

    private sealed class SetupAlone : RecordingBuild, ISetupAlone
    {
        private Target Check => _ => _;
    }
}
