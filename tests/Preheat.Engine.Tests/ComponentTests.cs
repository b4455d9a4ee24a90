using Nuke.Common;
using Nuke.Common.Execution;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class ComponentTests : BuildRunTests
{
    [Fact]
    public void Runs_a_components_default_target_with_what_it_names_of_other_components()
    {
        var build = new Sample();
        _run.Run(() => build, [], x => ((IVerify)x).Verify).ShouldBe(0, _run.Output);
        build.Ran.ShouldBe(["Deploy", "Verify", "Smoke"]);
        build.InvokedTargets.Single().IsDefault.ShouldBeTrue();
    }

    [Fact]
    public void Takes_the_builds_own_form_of_a_components_target()
    {
        var build = new Sample();
        _run.Run(() => build, ["Pack"], x => ((IVerify)x).Verify).ShouldBe(0, _run.Output);
        build.Ran.ShouldBe(["inherited Pack", "own Pack"]);
    }

    [Fact]
    public void Takes_over_what_the_base_class_says()
    {
        var build = new Sample();
        _run.Run(() => build, ["Compile"], x => ((IVerify)x).Verify).ShouldBe(0, _run.Output);
        build.Ran.ShouldBe(["base Compile", "own Compile"]);
    }

    [Fact]
    public void Ignores_a_Try_form_for_a_component_that_the_build_does_not_implement()
    {
        var build = new Sample();
        _run.Run(() => build, ["Deploy"], x => ((IVerify)x).Verify).ShouldBe(0, _run.Output);
        build.Ran.ShouldBe(["Deploy", "Smoke"]);
    }

    [Theory]
    [InlineData(nameof(NamesMissingComponent), "Target 'Publish' names a target of IElsewhere, which NamesMissingComponent does not implement.")]
    [InlineData(nameof(NamesTwoTargets), "Target 'Publish' refers to ITwo without saying which of its targets: One, Two.")]
    [InlineData(nameof(NamesForeignTarget), "Target 'Publish' (DependsOn) refers to a target that the build does not have. A target property must be one lambda that captures only 'this'.")]
    [InlineData(nameof(HidesTarget), "Target 'Deploy' of IDeploy is hidden by the public member HidesTarget.Deploy. Rename one of them.")]
    [InlineData(nameof(TwoOfOneName), "Target name 'Deploy' is used 2 times: IDeploy.Deploy, IAlsoDeploy.Deploy. Rename all but one.")]
    [InlineData(nameof(Circle), "Circular dependency: A -> B -> C -> A")]
    [InlineData(nameof(Self), "Circular dependency: A -> A")]
    [InlineData(nameof(TwoParameters), "Parameter --cloud is declared 2 times: TwoParameters.Cloud, IHazCloud.Cloud.")]
    [InlineData(nameof(TakesEngineName), "Parameter --skip is declared 2 times: TakesEngineName.Skip, the engine.")]
    public void Refuses_a_graph_that_cannot_be(string build, string message)
    {
        var exit = build switch
        {
            nameof(NamesMissingComponent) => _run.Run<NamesMissingComponent>("Publish"),
            nameof(NamesTwoTargets) => _run.Run<NamesTwoTargets>("Publish"),
            nameof(NamesForeignTarget) => _run.Run<NamesForeignTarget>("Publish"),
            nameof(HidesTarget) => _run.Run<HidesTarget>(""),
            nameof(TwoOfOneName) => _run.Run<TwoOfOneName>("Deploy"),
            nameof(Circle) => _run.Run<Circle>("Free"),
            nameof(Self) => _run.Run<Self>("A"),
            nameof(TwoParameters) => _run.Run<TwoParameters>(""),
            _ => _run.Run<TakesEngineName>(""),
        };
        exit.ShouldBe(2);
        _run.Error.ShouldBe(message + "\n");
        _run.Out.ShouldBeEmpty();
    }

    private interface IRecord : INukeBuild
    {
        List<string> Ran { get; }
    }

    private interface IVerify : IRecord
    {
        Target Verify => _ => _.DependsOn<IDeploy>().Executes(() => Ran.Add("Verify"));
        Target Smoke => _ => _.Executes(() => Ran.Add("Smoke"));
    }

    private interface IDeploy : IRecord
    {
        Target Deploy => _ => _.TryDependsOn<IElsewhere>(x => x.Elsewhere).TryBefore<IVerify>(x => x.Verify).Triggers<IVerify>(x => x.Smoke).Executes(() => Ran.Add("Deploy"));
    }

    private interface IPack : IRecord
    {
        Target Pack => _ => _.Executes(() => Ran.Add("inherited Pack"));
    }

    private interface IElsewhere : IRecord
    {
        Target Elsewhere => _ => _;
    }

    private interface IAlsoDeploy : INukeBuild
    {
        Target Deploy => _ => _;
    }

    private interface ITwo : INukeBuild
    {
        Target One => _ => _;
        Target Two => _ => _;
    }

    private interface IHazCloud : INukeBuild
    {
        [Parameter] string Cloud => TryGetValue(() => Cloud);
    }

    private abstract class BaseBuild : RecordingBuild
    {
        public virtual Target Compile => _ => _.Executes(() => Ran.Add("base Compile"));
    }

    private sealed class Sample : BaseBuild, IVerify, IDeploy, IPack
    {
        public Target Pack => _ => _.Inherit<IPack>(x => x.Pack).Executes(() => Ran.Add("own Pack"));
        public override Target Compile => _ => _.Base().Executes(() => Ran.Add("own Compile"));
    }

    private sealed class NamesMissingComponent : RecordingBuild
    {
        private Target Publish => _ => _.DependsOn<IElsewhere>();
    }

    private sealed class NamesTwoTargets : RecordingBuild, ITwo
    {
        private Target Publish => _ => _.DependsOn<ITwo>();
    }

    private sealed class NamesForeignTarget : RecordingBuild
    {
        private Target Publish => _ => _.DependsOn(other => other);
    }

    private sealed class HidesTarget : RecordingBuild, IDeploy
    {
        public string Deploy => "something else";
    }

    private sealed class TwoOfOneName : RecordingBuild, IDeploy, IAlsoDeploy;

    private sealed class Circle : RecordingBuild
    {
        private Target Free => _ => _;
        private Target A => _ => _.DependsOn(B);
        private Target B => _ => _.After(C);
        private Target C => _ => _.TriggeredBy(A);
    }

    private sealed class Self : RecordingBuild
    {
        private Target A => _ => _.DependsOn(A);
    }

    private sealed class TwoParameters : NukeBuild, IHazCloud
    {
        [Parameter] public readonly string? Cloud;
    }

    private sealed class TakesEngineName : NukeBuild
    {
        [Parameter] public readonly string? Skip;
    }
}
