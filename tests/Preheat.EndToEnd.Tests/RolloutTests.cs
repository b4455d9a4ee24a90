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

    private async Task<string> KubectlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["KUBECONFIG"] = Path.Combine(_place.State, "kubeconfig");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return output.Trim();
    }
}
