using Nuke.Common;
using Nuke.Common.Tooling;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class ToolTests : BuildRunTests
{
    private readonly Sample _build = new();

    public ToolTests() => _run.Variables["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "";

    [Fact]
    public void Runs_a_program_of_the_PATH_and_gives_its_lines()
    {
        _build.Action = build => build.Lines = build.Sh!($"-c {"echo out; echo err >&2; pwd"}", workingDirectory: _run.Root);
        Run("Go").ShouldBe(0, _run.Output);
        _build.Lines.Where(line => line.Type == OutputType.Std).Select(line => line.Text).ShouldBe(["out", _run.Root]);
        _build.Lines.Single(line => line.Type == OutputType.Err).Text.ShouldBe("err");
        _run.Out.ShouldContain("[WRN] err");
    }

    [Fact]
    public void Takes_the_program_that_the_environment_names()
    {
        _run.Variables["SH_EXE"] = "/bin/echo";
        _build.Action = build => build.Lines = build.Sh!("hello");
        Run("Go").ShouldBe(0, _run.Output);
        _build.Lines.Single().Text.ShouldBe("hello");
    }

    [Fact]
    public void Gives_a_component_its_program()
    {
        _build.Action = build => build.Lines = ((IHazEnv)build).Env!("", environmentVariables: new Dictionary<string, string> { ["CANARY"] = "42" });
        Run("Go").ShouldBe(0, _run.Output);
        _build.Lines.ShouldContain(line => line.Text == "CANARY=42");
    }

    [Fact]
    public void Fails_with_the_program_unless_a_handler_judges_otherwise()
    {
        _build.Action = build => build.Sh!("-c \"exit 3\"", exitHandler: process => build.Code = process.ExitCode);
        Run("Go").ShouldBe(0, _run.Output);
        _build.Code.ShouldBe(3);
        _build.Action = build => build.Sh!("-c \"exit 3\"");
        Run("Go").ShouldBe(1);
        _run.Out.ShouldContain("ended with exit code 3.");
    }

    [Fact]
    public void Stops_a_program_with_all_that_it_started_at_the_time_limit()
    {
        _build.Action = build => build.Sh!("-c \"sleep 60; true\"", timeout: 100);
        Run("Go").ShouldBe(1);
        _run.Out.ShouldContain("ran longer than 100 ms and was stopped.");
    }

    [Fact]
    public void Quotes_values_and_masks_secrets()
    {
        string[] many = ["a", "b c"];
        _build.Action = build => build.Lines = build.Sh!($"-c {"printf '%s\\n' \"$@\""} sh {"x y"} {many} {"canary-4711":r} {"plain":nq}");
        Run("Go").ShouldBe(0, _run.Output);
        _build.Lines.Select(line => line.Text).ShouldBe(["x y", "a", "b c", "canary-4711", "plain"]);
        _run.Output.ShouldNotContain("canary-4711");
    }

    [Fact]
    public void Requires_a_program_before_anything_runs()
    {
        Run("Needs").ShouldBe(2);
        _run.Error.ShouldBe("Target 'Needs' requires the program 'no-such-program', which is not on the PATH. Install it, or set NO_SUCH_PROGRAM_EXE in the environment.\n");
        _run.Variables["NO_SUCH_PROGRAM_EXE"] = "/no/such/file";
        Run("Needs").ShouldBe(2);
        _run.Variables["NO_SUCH_PROGRAM_EXE"] = "/bin/sh";
        Run("Needs").ShouldBe(0, _run.Output);
        _build.Ran.ShouldBe(["Needs"]);
    }

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' '), x => x.Go);

    private interface IHazEnv : INukeBuild
    {
        [PathVariable] Tool? Env => TryGetValue(() => Env);
    }

    private sealed class Sample : RecordingBuild, IHazEnv
    {
        [PathVariable] internal readonly Tool? Sh;
        [PathVariable("no-such-program")] private readonly Tool? Missing;

        public Action<Sample> Action { get; set; } = _ => { };
        public IReadOnlyCollection<Output> Lines { get; set; } = [];
        public int Code { get; set; }

        public Target Go => _ => _.Executes(() => Action(this));

        private Target Needs => _ => _.Requires(() => Missing!).Executes(() => Ran.Add("Needs"));
    }
}
