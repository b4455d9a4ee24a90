using System.Diagnostics;
using Preheat.Testing;

namespace Preheat.Tests.Testing;

public class ChildProcessTests
{
    [Theory]
    [InlineData("PLATFORM")]
    [InlineData("Configuration")]
    [InlineData("OutputPath")]
    [InlineData("MSBuildSDKsPath")]
    [InlineData("_EnableDefaultX")]
    public void Keeps_names_that_MSBuild_would_take_for_its_properties_away_from_it(string name) =>
        ChildProcess.MayReachMsBuild(name).ShouldBeFalse();

    [Theory]
    [InlineData("PATH")]
    [InlineData("CI")]
    [InlineData("DOTNET_ROOT")]
    [InlineData("https_proxy")]
    [InlineData("NUGET_PACKAGES")]
    public void Lets_through_what_the_SDK_needs(string name) => ChildProcess.MayReachMsBuild(name).ShouldBeTrue();

    [Fact]
    public async Task Passes_arguments_and_environment_exactly_and_returns_lines_and_exit_code()
    {
        var lines = new List<string>();

        var exit = await new ChildProcess(TimeProvider.System).RunAsync(
            "/bin/sh",
            ["-c", "printf '[%s]\\n' \"$@\" \"$ONLY\"; echo oops >&2; exit 7", "sh", "a b", "", "*", "\"q\""],
            "/",
            new Dictionary<string, string> { ["ONLY"] = "x y" },
            (line, isError) => lines.Add((isError ? "err " : "out ") + line),
            CancellationToken.None);

        exit.ShouldBe(7);
        lines.Where(line => line.StartsWith("out ")).ShouldBe(["out [a b]", "out []", "out [*]", "out [\"q\"]", "out [x y]"]);
        lines.ShouldContain("err oops");
    }

    [Fact]
    public async Task Cancelling_kills_the_program_and_what_it_started()
    {
        using var cancellation = new CancellationTokenSource();
        var grandchild = 0;
        var run = new ChildProcess(TimeProvider.System).RunAsync(
            "/bin/sh",
            ["-c", "sleep 600 & echo $!; wait"],
            "/",
            environment: null,
            (line, _) =>
            {
                grandchild = int.Parse(line);
                cancellation.Cancel();
            },
            cancellation.Token);

        await Should.ThrowAsync<OperationCanceledException>(run);

        grandchild.ShouldBeGreaterThan(0);
        await EndOf(grandchild);
    }

    /// <summary>Waits for a process to be gone; one that its new parent has not reaped yet (a zombie) is gone too.</summary>
    private static async Task EndOf(int pid)
    {
        var waited = Stopwatch.StartNew();
        while (IsAlive(pid))
        {
            waited.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), $"process {pid} still runs");
            await Task.Delay(20);
        }
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
