using Nuke.Common;
using Nuke.Common.CI;
using Nuke.Common.CI.GitHubActions;
using Nuke.Common.Execution;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class EngineOptionTests : BuildRunTests
{
    private readonly Sample _build = new();

    [Theory]
    [InlineData("", "", "Terminal", true)]
    [InlineData("", "GITHUB_ACTIONS", "GitHubActions", false)]
    [InlineData("", "CI", "Server", false)]
    [InlineData("--host GitHubActions", "", "GitHubActions", false)]
    [InlineData("--host=server", "", "Server", false)]
    [InlineData("--host terminal", "CI", "Terminal", true)]
    public void Runs_on_the_host_that_is_given_or_that_the_environment_tells(string option, string variable, string host, bool isLocal)
    {
        if (variable.Length > 0)
        {
            _run.Variables[variable] = "true";
        }

        Run($"Go {option}").ShouldBe(0, _run.Output);
        _build.SeenHost.ShouldBe(host);
        _build.WasLocal.ShouldBe(isLocal);
    }

    [Fact]
    public void Speaks_GitHubs_commands_on_its_host()
    {
        Run("Go --host GitHubActions").ShouldBe(0);
        _run.Out.ShouldContain("::group::Go");
    }

    [Theory]
    [InlineData("--host Jenkins", "Parameter --host: 'Jenkins' is none of GitHubActions, Server, Terminal (from the command line).")]
    [InlineData("--partition 3/2", "Parameter --partition: '3/2' is no part of a whole, such as 2/3 (from the command line).")]
    [InlineData("--partition 0/2", "Parameter --partition: '0/2' is no part of a whole, such as 2/3 (from the command line).")]
    [InlineData("--partition two", "Parameter --partition: 'two' is no part of a whole, such as 2/3 (from the command line).")]
    public void Refuses_a_value_that_makes_no_sense(string option, string message)
    {
        Run($"Go {option}").ShouldBe(2);
        _run.Output.ShouldContain(message);
        _build.Ran.ShouldBeEmpty();
    }

    [Fact]
    public void Splits_the_work_into_partitions_that_are_the_whole_together()
    {
        var all = Enumerable.Range(1, 10).ToList();
        var parts = new List<int>();
        foreach (var part in new[] { "1/3", "2/3", "3/3" })
        {
            Run($"Go --partition {part}").ShouldBe(0);
            _build.SeenPartition.ShouldBe(part);
            parts.AddRange(((INukeBuild)_build).Partition.GetCurrent(all));
        }

        parts.Order().ShouldBe(all);
        Run("Go").ShouldBe(0);
        _build.SeenPartition.ShouldBe("1/1");
        Partition.Single.GetCurrent(all).ShouldBe(all);
        Partition.Single.IsIn(7).ShouldBeTrue();
        new Partition { Part = 2, Total = 3 }.IsIn(1).ShouldBeFalse();
    }

    [Fact]
    public void Tells_the_profiles_in_force()
    {
        _run.WriteFile("parameters.fast.json", "{}");
        Run("Go --profile fast").ShouldBe(0, _run.Output);
        _build.SeenProfiles.ShouldBe(["fast"]);
        Run("Go").ShouldBe(0);
        _build.SeenProfiles.ShouldBeEmpty();
    }

    [Fact]
    public void Tells_of_each_target_what_its_definition_says()
    {
        Run("Use").ShouldBe(0, _run.Output);
        var make = _build.ExecutionPlan.Single(target => target.Name == "Make");
        var use = _build.ExecutionPlan.Single(target => target.Name == "Use");
        make.ArtifactProducts.ShouldBe(["out/*.zip", "out/*.txt"]);
        make.PartitionSize.ShouldBe(3);
        use.PartitionSize.ShouldBeNull();
        use.ArtifactDependencies[make].ShouldBe(["out/*.zip", "out/*.txt", "one.zip"]);
        use.StaticConditions.Single().Text.ShouldBe("Ran is not null");
        use.DynamicConditions.Single().Delegate().ShouldBeTrue();
        use.DelegateRequirements.Count.ShouldBe(1);
        make.Actions.Single()();
        _build.Ran.ShouldBe(["Make", "Use", "Make"]);
    }

    [Fact]
    public void Refuses_a_partition_of_one()
    {
        _run.Run<OnePart>("Go").ShouldNotBe(0);
        _run.Error.ShouldContain("size");
    }

    [Fact]
    public void Accepts_a_workflow_and_keeps_what_it_says()
    {
        var workflow = (GitHubActionsAttribute)Attribute.GetCustomAttribute(typeof(Sample), typeof(GitHubActionsAttribute))!;
        workflow.Images.ShouldBe([GitHubActionsImage.UbuntuLatest, GitHubActionsImage.WindowsLatest]);
        workflow.ReadPermissions.ShouldBe([GitHubActionsPermissions.Contents]);
        workflow.FetchDepth.ShouldBe(1u);
    }

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), x => x.Go);

    [GitHubActions("continuous", GitHubActionsImage.UbuntuLatest, GitHubActionsImage.WindowsLatest, On = [GitHubActionsTrigger.Push], FetchDepth = 1, ReadPermissions = [GitHubActionsPermissions.Contents], AutoGenerate = false)]
    private sealed class Sample : RecordingBuild
    {
        public string? SeenHost { get; private set; }
        public bool WasLocal { get; private set; }
        public string? SeenPartition { get; private set; }
        public string[]? SeenProfiles { get; private set; }

        public Target Go => _ => _.Executes(() =>
        {
            Ran.Add("Go");
            SeenHost = Host.ToString();
            WasLocal = IsLocalBuild;
            SeenPartition = Partition.ToString();
            SeenProfiles = LoadedLocalProfiles;
        });

        private Target Make => _ => _.Produces("out/*.zip", "out/*.txt").Partition(3).Executes(() => Ran.Add("Make"));

        private Target Use => _ => _
            .DependsOn(Make)
            .Consumes(Make)
            .Consumes(Make, "one.zip")
            .OnlyWhenStatic(() => Ran is not null)
            .OnlyWhenDynamic(() => Ran.Count > 0)
            .Requires(() => Ran != null)
            .Executes(() => Ran.Add("Use"));
    }

    private sealed class OnePart : RecordingBuild
    {
        private Target Go => _ => _.Partition(1);
    }
}
