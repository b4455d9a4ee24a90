using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Preheat.LocalCloud.Tests.Hosting;

/// <summary>Real processes, each test on its own state folder.</summary>
public sealed class LocalCloudTests : IAsyncLifetime
{
    private readonly TemporaryFolder _state = new();
    private readonly HttpClient _client = new();

    private LocalCloudOptions Options => new() { StateDirectory = _state.Path };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await LocalCloud.StopAsync(_state.Path, CancellationToken.None);
        _client.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task Starts_one_process_however_many_ask_at_once()
    {
        var endpoints = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => LocalCloud.EnsureRunningAsync(Options, null, CancellationToken.None)));
        endpoints.Select(endpoint => endpoint.Pid).Distinct().ShouldHaveSingleItem();
        endpoints[0].Pid.ShouldNotBe(Environment.ProcessId);
        (await _client.GetAsync(new Uri(endpoints[0].Registry, "/v2/"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        LocalCloud.Find(_state.Path).ShouldBe(endpoints[0]);
        (await EnsureAsync()).ShouldBe(endpoints[0]);
    }

    [Fact]
    public async Task Runs_from_a_copy_in_the_state_folder_in_a_session_of_its_own()
    {
        Directory.CreateDirectory(_state["bin/0123456789abcdef.x.tmp"]);
        var endpoint = await EnsureAsync();
        Directory.GetDirectories(_state["bin"]).ShouldBe([_state[$"bin/{endpoint.BuildHash}"]]);
        if (OperatingSystem.IsLinux())
        {
            (await File.ReadAllTextAsync($"/proc/{endpoint.Pid}/cmdline")).ShouldContain(_state.Path);
            // Fields after the command name: state, parent, group, session.
            var fields = (await File.ReadAllTextAsync($"/proc/{endpoint.Pid}/stat")).Split(") ")[^1].Split(' ');
            fields[3].ShouldBe($"{endpoint.Pid}");
        }
    }

    [Fact]
    public async Task Holds_neither_the_starters_descriptors_nor_its_secrets()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // read from /proc
        }

        Environment.SetEnvironmentVariable("HF_TOKEN", "hf_secret_of_the_test");
        var endpoint = await EnsureAsync();
        Environment.SetEnvironmentVariable("HF_TOKEN", null);
        (await File.ReadAllTextAsync($"/proc/{endpoint.Pid}/environ")).ShouldNotContain("hf_secret_of_the_test");
        string Target(int descriptor) => File.ResolveLinkTarget($"/proc/{endpoint.Pid}/fd/{descriptor}", returnFinalTarget: false)!.FullName;
        Target(0).ShouldBe("/dev/null");
        Target(1).ShouldBe(_state["cloud.log"]);
        Target(2).ShouldBe(_state["cloud.log"]);
        var own = new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Select(entry => entry.LinkTarget).Where(target => target?.StartsWith("pipe:", StringComparison.Ordinal) == true);
        var theirs = new DirectoryInfo($"/proc/{endpoint.Pid}/fd").EnumerateFileSystemInfos().Select(entry => entry.LinkTarget);
        theirs.Intersect(own, StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Fact]
    public async Task Starts_again_after_the_process_was_killed()
    {
        var first = await EnsureAsync();
        using (var process = Process.GetProcessById(first.Pid))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        LocalCloud.Find(_state.Path).ShouldBeNull();
        var second = await EnsureAsync();
        second.Pid.ShouldNotBe(first.Pid);
        second.Registry.ShouldBe(first.Registry);
    }

    [Fact]
    public async Task Leaves_a_stranger_alone_that_has_the_pid_of_an_earlier_cloud()
    {
        var past = await EnsureAsync();
        await LocalCloud.StopAsync(_state.Path, CancellationToken.None);
        using var stranger = Process.Start("sleep", "60");
        Preheat.LocalCloud.Hosting.EndpointFile.Write(_state.Path, past with { Pid = stranger.Id, StartedAt = past.StartedAt.AddMinutes(-1) });
        LocalCloud.Find(_state.Path).ShouldBeNull();
        (await EnsureAsync()).Pid.ShouldNotBe(stranger.Id);
        stranger.HasExited.ShouldBeFalse();
        stranger.Kill();
    }

    [Fact]
    public async Task Ends_a_process_that_is_alive_and_does_not_answer()
    {
        var first = await EnsureAsync();
        await SignalAsync("-STOP", first.Pid);
        var second = await EnsureAsync();
        second.Pid.ShouldNotBe(first.Pid);
        await UntilGoneAsync(first);
    }

    [Fact]
    public async Task Another_time_scale_replaces_the_process_and_keeps_the_ports()
    {
        var first = await EnsureAsync();
        var lines = new List<string>();
        var second = await LocalCloud.EnsureRunningAsync(Options with { TimeScale = 60 }, lines.Add, CancellationToken.None);
        second.Pid.ShouldNotBe(first.Pid);
        second.TimeScale.ShouldBe(60);
        second.Gateway.ShouldBe(first.Gateway);
        lines.ShouldContain(line => line.Contains("time-scale is 120 and not 60"));
    }

    [Fact]
    public async Task No_time_scale_leaves_the_one_that_runs_as_it_is_and_says_so()
    {
        var first = await LocalCloud.EnsureRunningAsync(Options with { TimeScale = 60 }, null, CancellationToken.None);
        var lines = new List<string>();
        (await LocalCloud.EnsureRunningAsync(Options, lines.Add, CancellationToken.None)).ShouldBe(first);
        lines.ShouldHaveSingleItem().ShouldContain("time-scale 60");
    }

    [Fact]
    public async Task Stops_by_itself_when_its_state_folder_is_deleted()
    {
        var first = await EnsureAsync();
        Directory.Delete(_state.Path, recursive: true);
        var second = await EnsureAsync();
        second.Pid.ShouldNotBe(first.Pid);
        await UntilGoneAsync(first);
        (await EnsureAsync()).ShouldBe(second);
    }

    [Fact]
    public async Task A_process_that_is_dead_and_not_yet_collected_does_not_count()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // zombies are told apart by /proc
        }

        // The shell becomes a program that never collects the child it had.
        using var parent = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        using var child = Process.GetProcessById(int.Parse((await parent.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture));
        var endpoint = await EnsureAsync();
        await LocalCloud.StopAsync(_state.Path, CancellationToken.None);
        Preheat.LocalCloud.Hosting.EndpointFile.Write(_state.Path, endpoint with { Pid = child.Id, StartedAt = new DateTimeOffset(child.StartTime.ToUniversalTime()) });
        LocalCloud.Find(_state.Path).ShouldNotBeNull();
        await SignalAsync("-KILL", child.Id);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!(await File.ReadAllTextAsync($"/proc/{child.Id}/stat", limit.Token)).Contains(") Z ", StringComparison.Ordinal))
        {
            await Task.Delay(10, limit.Token);
        }

        LocalCloud.Find(_state.Path).ShouldBeNull();
        parent.Kill();
    }

    [Fact]
    public async Task Another_build_replaces_the_process()
    {
        var first = await EnsureAsync();
        Preheat.LocalCloud.Hosting.EndpointFile.Write(_state.Path, first with { BuildHash = "of-yesterday" });
        (await EnsureAsync()).Pid.ShouldNotBe(first.Pid);
    }

    [Fact]
    public async Task Stops_and_says_whether_one_was_running()
    {
        var endpoint = await EnsureAsync();
        (await LocalCloud.StopAsync(_state.Path, CancellationToken.None)).ShouldBeTrue();
        Preheat.LocalCloud.Hosting.CloudProcess.IsAlive(endpoint).ShouldBeFalse();
        File.Exists(_state["endpoint.json"]).ShouldBeFalse();
        (await LocalCloud.StopAsync(_state.Path, CancellationToken.None)).ShouldBeFalse();
        (await LocalCloud.StopAsync(_state["never"], CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task SIGTERM_stops_it_gracefully_and_an_interrupt_does_not()
    {
        var endpoint = await EnsureAsync();
        await SignalAsync("-INT", endpoint.Pid);
        await SignalAsync("-HUP", endpoint.Pid);
        (await EnsureAsync()).ShouldBe(endpoint);

        await SignalAsync("-TERM", endpoint.Pid);
        await UntilGoneAsync(endpoint);
        File.Exists(_state["endpoint.json"]).ShouldBeFalse();
        (await File.ReadAllTextAsync(_state["cloud.log"])).ShouldContain("stops: asked to");
    }

    [Fact]
    public async Task Stops_by_itself_when_nobody_uses_it()
    {
        var endpoint = await LocalCloud.EnsureRunningAsync(Options with { IdleStop = TimeSpan.FromMilliseconds(300) }, null, CancellationToken.None);
        await UntilGoneAsync(endpoint);
        (await File.ReadAllTextAsync(_state["cloud.log"])).ShouldContain("stops: not used for 00:00:00.3000000");
    }

    [Fact]
    public async Task Says_which_port_is_taken()
    {
        using var blocker = new TcpListener(IPAddress.Loopback, 0);
        blocker.Start();
        var port = ((IPEndPoint)blocker.LocalEndpoint).Port;
        var error = await Should.ThrowAsync<LocalCloudException>(() =>
            LocalCloud.EnsureRunningAsync(Options with { RegistryPort = port }, null, CancellationToken.None));
        error.Data["exit"].ShouldBe(2);
        error.Message.ShouldContain($"Port {port} ");
        error.Message.ShouldContain("--local-cloud-port");
        LocalCloud.Find(_state.Path).ShouldBeNull();
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [signal, $"{pid}"]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }

    private static async Task UntilGoneAsync(LocalEndpoint endpoint)
    {
        using var process = Process.GetProcesses().FirstOrDefault(candidate => candidate.Id == endpoint.Pid);
        await (process?.WaitForExitAsync() ?? Task.CompletedTask).WaitAsync(TimeSpan.FromSeconds(20));
    }

    private Task<LocalEndpoint> EnsureAsync() => LocalCloud.EnsureRunningAsync(Options, null, CancellationToken.None);
}
