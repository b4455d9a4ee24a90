using System.Diagnostics;

namespace Preheat.EndToEnd.Tests;

/// <summary>Roll-outs that people can trust, as a user has them.</summary>
public sealed class RolloutTests : IAsyncLifetime
{
    private const string Name = "tiny-gemma-2";

    private readonly Workplace _place = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _place.DisposeAsync();

    [Fact]
    public async Task Shows_a_change_goes_back_from_a_failure_and_rolls_back_by_hand()
    {
        var output = (await _place.OnTerminalAsync(100, 30, "Deploy", "--skip", "SmokeTest")).ShouldExit(0).Output;
        output.ShouldMatch(@"\nDeployment/tiny-gemma-2: 0 of 1 replicas ready, \d+ s; ");
        output.ShouldMatch(@"\n  tiny-gemma-2-[a-z0-9-]+ \[n[nicwr.|]+\] [a-z ]+ \d+ s of ");
        output.ShouldContain("A\e[J");
        output[(output.LastIndexOf("\e[J", StringComparison.Ordinal) + 3)..].ShouldNotContain("replicas ready", customMessage: "what is drawn goes at the end");
        _place.Output(Name, "Deploy").GetProperty("coldStart").EnumerateArray().Select(phase => phase.GetProperty("phase").GetString()).ShouldBe(["node", "image", "container", "weights", "ready", "first token"]);

        output = (await DeployAsync("--max-model-length", "512", "--diff")).ShouldExit(0).Output;
        output.ShouldContain("+            - --max-model-len=512");
        output.ShouldContain("Nothing was applied");
        (await DeployAsync("--diff")).ShouldExit(0).Output.ShouldContain("Deploy would change nothing.");

        output = (await DeployAsync("--manifests", BrokenProbe())).ShouldExit(1).Output;
        output.ShouldContain("did not roll out: its probe fails: Pod/");
        output.ShouldContain("Startup probe failed: HTTP probe failed with statuscode: 404");
        output.ShouldContain("The earlier revision goes on serving.");
        output.ShouldContain("Revision 1 serves again (as revision 3).");

        output = (await _place.BuildAsync("Rollback", "--revision", "9")).ShouldExit(2).Output;
        output.ShouldContain("The cluster keeps no revision 9. It keeps:");
        output.ShouldContain("--revision 2  ");
        (await DeployAsync("--max-model-length", "512")).ShouldExit(0);
        (await _place.BuildAsync("Rollback")).ShouldExit(0).Output.ShouldContain("goes back to revision 3");
        (await _place.BuildAsync("SmokeTest", "--skip", "Deploy")).ShouldExit(0).Output.ShouldContain("serves preheat/tiny-gemma-2");
        (await KubectlAsync("get", "deployment", Name, "-o", "jsonpath={.spec.template.spec.containers[0].args}")).ShouldNotContain("max-model-len");
        output = (await _place.BuildAsync("Status")).ShouldExit(0).Output;
        output.ShouldMatch(@"endpoint: +http://");
        output.ShouldMatch(@"replicas: +1 of 1 replicas available");
        output.ShouldMatch(@"\n.*  5: .*, runs now, good");
        output.ShouldMatch(@"\n.*  4: .*, good, cold start ");
        output.ShouldMatch(@"\n.*  2: .*, failed");
    }

    [Fact]
    public async Task Stays_at_the_size_an_autoscaler_wants_through_a_deploy_under_load()
    {
        string[] scaled = ["--autoscale-on", "running", "--autoscale-target", "2", "--max-replicas", "4"];
        (await DeployAsync(scaled)).ShouldExit(0);
        using var proxy = StartProxy(out var address);
        using var http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        using var stop = new CancellationTokenSource();
        var answers = 0;
        var users = Enumerable.Range(0, 16).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var content = new StringContent("""{"model":"preheat/tiny-gemma-2","prompt":"Hello","max_tokens":400,"ignore_eos":true}""", System.Text.Encoding.UTF8, "application/json");
                using var answer = await http.PostAsync($"api/v1/namespaces/default/services/http:{Name}:http/proxy/v1/completions", content);
                if (answer.IsSuccessStatusCode)
                    Interlocked.Increment(ref answers);
            }
        }).ToArray();
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (await ReplicasAsync() < 4)
                await Task.Delay(100, limit.Token);
            var deploying = DeployAsync([.. scaled, "--max-model-length", "512"]);
            var least = 4;
            while (!deploying.IsCompleted)
            {
                least = Math.Min(least, await ReplicasAsync());
                await Task.Delay(50);
            }
            (await deploying).ShouldExit(0);
            least.ShouldBe(4);
            (await ReplicasAsync()).ShouldBe(4);
            answers.ShouldBeGreaterThan(0);
            (await DeployAsync([.. scaled, "--max-model-length", "512"])).ShouldExit(0).Output.ShouldContain("Deploy is up to date");
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(users);
            proxy.Kill();
        }
    }

    [Fact]
    public async Task Completes_after_a_kill_in_the_middle_and_leaves_nothing_behind()
    {
        string[] slow = ["--time-scale", "20"];
        using var killed = _place.Start("Deploy", "--skip", "SmokeTest", "--artifacts-directory", _place.Artifacts, slow[0], slow[1]);
        string holder;
        // The lease names the process that holds it: host/pid/start.
        while ((holder = await TryKubectlAsync("get", "lease", "preheat-" + Name, "-o", @"jsonpath={.metadata.annotations.preheat\.dev/process}")).Length == 0 || (await TryKubectlAsync("get", "deployment", "-o", "name")).Length == 0)
        {
            killed.HasExited.ShouldBeFalse();
            await Task.Delay(50);
        }
        using (var process = Process.GetProcessById(int.Parse(holder.Split('/')[1], System.Globalization.CultureInfo.InvariantCulture)))
            process.Kill();
        await killed.WaitForExitAsync();
        killed.ExitCode.ShouldBe(137);
        (await KubectlAsync("get", "configmap", $"preheat-{Name}-revision-1", "-o", "jsonpath={.data.state}")).ShouldBe("applying");

        (await DeployAsync(slow)).ShouldExit(0);
        (await KubectlAsync("get", "lease", "-o", "name")).ShouldBe("");
        (await KubectlAsync("get", "configmap", "-l", "preheat.dev/record=revision", "-o", "jsonpath={.items[*].data.state}")).ShouldBe("good");
        (await DeployAsync(slow)).ShouldExit(0).Output.ShouldContain("Deploy is up to date");
    }

    [Fact]
    public async Task Lets_one_deploy_win_and_leaves_what_others_set_to_them()
    {
        string[] still = ["--autoscale-on", "none"];
        (await DeployAsync(still)).ShouldExit(0);
        await KubectlAsync("scale", "deployment", Name, "--replicas", "2");
        var output = (await DeployAsync([.. still, "--max-model-length", "512"])).ShouldExit(2).Output;
        output.ShouldContain(".spec.replicas: conflict with \"kubectl\"");
        output.ShouldContain("--force-conflicts");
        output.ShouldContain("Nothing was applied.");
        (await DeployAsync([.. still, "--max-model-length", "512", "--force-conflicts"])).ShouldExit(0);
        (await KubectlAsync("get", "deployment", Name, "-o", "jsonpath={.spec.replicas}")).ShouldBe("1");

        // A roll-out that takes a while, and another one from another folder of the same machine.
        using var first = _place.Start("Deploy", "--manifests", BrokenProbe(failures: 120), "--no-rollback", "--artifacts-directory", _place.Artifacts);
        while (!first.HasExited && !(await KubectlAsync("get", "lease", "-o", "name")).Contains("preheat-" + Name, StringComparison.Ordinal))
            await Task.Delay(50);
        first.HasExited.ShouldBeFalse();
        output = (await _place.RunAsync("Deploy", "--artifacts-directory", _place.In("others"))).ShouldExit(2).Output;
        output.ShouldContain($"is deploying '{Name}' at this moment");
        await first.WaitForExitAsync();
        first.ExitCode.ShouldBe(1);
        (await KubectlAsync("get", "lease", "-o", "name")).ShouldBe("");
    }

    private Task<BuildResult> DeployAsync(params string[] arguments) => _place.BuildAsync(["Deploy", "--skip", "SmokeTest", .. arguments]);

    /// <summary>A component of the user's own whose startup probe asks for what the server does not have.</summary>
    private string BrokenProbe(int failures = 30)
    {
        var folder = Directory.CreateDirectory(_place.In("broken")).FullName;
        File.WriteAllText(Path.Combine(folder, "kustomization.yaml"), "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n  - path: probe.yaml\n");
        File.WriteAllText(Path.Combine(folder, "probe.yaml"), $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: ${DEPLOYMENT}
            spec:
              template:
                spec:
                  containers:
                    - name: inference-server
                      startupProbe:
                        httpGet:
                          path: /healthz
                          port: http
                        failureThreshold: {{failures}}
            """);
        return folder;
    }

    private async Task<int> ReplicasAsync() => int.Parse(await KubectlAsync("get", "deployment", Name, "-o", "jsonpath={.spec.replicas}"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The cluster's API on this machine, without credentials.</summary>
    private Process StartProxy(out Uri address)
    {
        var process = Kubectl("proxy", "--port", "0");
        var line = process.StandardOutput.ReadLine().ShouldNotBeNull();
        address = new Uri($"http://{line.Split(' ')[^1]}/");
        return process;
    }

    private Process Kubectl(params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["KUBECONFIG"] = Path.Combine(_place.State, "kubeconfig");
        return Process.Start(start)!;
    }

    /// <summary>Nothing where the cluster does not answer, or what is asked for is not there.</summary>
    private async Task<string> TryKubectlAsync(params string[] arguments)
    {
        using var process = Kubectl(arguments);
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        await errors;
        return process.ExitCode == 0 ? output.Trim() : "";
    }

    private async Task<string> KubectlAsync(params string[] arguments)
    {
        using var process = Kubectl(arguments);
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return output.Trim();
    }
}
