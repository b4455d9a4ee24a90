using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>What goes wrong in clusters, in the words of Kubernetes, the kubelet, the cloud and the server; and what a person is told.</summary>
public sealed class BrokenClusterTests : ScriptedRolloutTests
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(700);

    /// <summary>A pod that finds no node: the scheduler's message, the autoscaler's event, what is told.</summary>
    [Theory]
    [InlineData("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.", "", "no node has the GPUs free", "--accelerator-count")]
    [InlineData("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", "", "no node has the labels", "kubectl get nodes -L")]
    [InlineData("0/2 nodes are available: 2 node(s) had untolerated taint {team: other}.", "", "a taint that the pod does not tolerate", "toleration")]
    [InlineData("0/2 nodes are available: 2 Insufficient memory.", "", "processors, memory or disk", "larger machines")]
    [InlineData("0/1 nodes are available: persistentvolumeclaim \"weights\" not found.", "", "a volume claim is not there", "StageWeights")]
    [InlineData("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", "", "a volume claim has no volume yet", "kubectl describe pvc")]
    [InlineData("0/1 nodes are available: 1 node(s) had volume node affinity conflict.", "", "in another zone", "the same zone")]
    [InlineData("0/1 nodes are available: 1 node(s) were unschedulable.", "", "take no more pods", "cordoned")]
    [InlineData("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.", "", "rules that spread", "Loosen")]
    [InlineData("0/1 nodes are available", "FailedScaleUp: Node scale up in zones us-central1-a failed: GCE_STOCKOUT. Pod is at risk of not being scheduled.", "stockout", "another zone")]
    [InlineData("0/1 nodes are available", "FailedScaleUp: Node scale up failed: GCE_QUOTA_EXCEEDED. NVIDIA_L4_GPUS", "quota for these machines is used up", "IAM & Admin")]
    [InlineData("0/1 nodes are available", "NotTriggerScaleUp: pod didn't trigger scale-up: 1 max node group size reached", "no node pool can grow", "node-pools list")]
    public async Task Tells_why_no_node_is_found(string message, string warning, string why, string nextStep)
    {
        _rollout.SetPod($$$"""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":{{{System.Text.Json.JsonSerializer.Serialize(message)}}}}]}""", node: null);
        if (warning.Length > 0)
            _rollout.AddEvent("gemma-1-a", "Warning", warning.Split(": ")[0], warning.Split(": ", 2)[1]);
        await FailsAsync(why, nextStep);
    }

    /// <summary>A container that waits: reason, the kubelet's message, what is told.</summary>
    [Theory]
    [InlineData("ErrImagePull", "rpc error: code = NotFound desc = failed to pull and unpack image: manifest unknown", "the image is not there", "BakeImage")]
    [InlineData("ImagePullBackOff", "Back-off pulling image: failed to authorize: failed to fetch oauth token: 403 Forbidden", "may not read the image", "artifactregistry.reader")]
    [InlineData("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", "allows no more pulls", "your own repository")]
    [InlineData("ErrImagePull", "no match for platform in manifest: not found", "another processor", "--image-platform")]
    [InlineData("ErrImagePull", "tls: failed to verify certificate: x509: certificate signed by unknown authority", "do not trust the registry", "certificate authority")]
    [InlineData("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout", "do not reach the registry", "Private Google Access")]
    [InlineData("ErrImagePull", "write /var/lib/containerd/x: no space left on device", "does not fit the node's disk", "boot disk")]
    [InlineData("InvalidImageName", "couldn't parse image name", "the image is not there", "BakeImage")]
    [InlineData("CreateContainerConfigError", "secret \"gemma-hub\" not found", "a Secret is not there", "--hf-token")]
    [InlineData("CreateContainerConfigError", "configmap \"settings\" not found", "a ConfigMap is not there", "Make the ConfigMap")]
    [InlineData("CreateContainerConfigError", "couldn't find key token in Secret ml/gemma-hub", "lacks the key", "Put the key there")]
    [InlineData("RunContainerError", "nvidia-container-cli: initialization error: driver not loaded", "GPU driver is not ready", "gpu-driver-version")]
    [InlineData("RunContainerError", "exec: \"vlm\": executable file not found in $PATH", "command cannot be run", "against the image")]
    public async Task Tells_why_a_container_does_not_start(string reason, string message, string why, string nextStep)
    {
        _rollout.SetPod($$$"""{"phase":"Pending","containerStatuses":[{"name":"server","restartCount":0,"state":{"waiting":{"reason":"{{{reason}}}","message":{{{System.Text.Json.JsonSerializer.Serialize(message)}}} } } }]}""");
        await FailsAsync(why, nextStep);
    }

    /// <summary>A pod that has a node and goes no further: only the events tell.</summary>
    [Theory]
    [InlineData("FailedMount: MountVolume.SetUp failed for volume \"token\" : secret \"gemma-token\" not found", "a Secret is not there", "Make the Secret")]
    [InlineData("FailedMount: MountVolume.SetUp failed for volume \"conf\" : configmap \"conf\" not found", "a ConfigMap is not there", "Make the ConfigMap")]
    [InlineData("FailedMount: MountVolume.MountDevice failed for volume \"w\" : rpc error", "cannot be mounted", "volume's name")]
    [InlineData("FailedAttachVolume: Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) other", "another node has it", "--rollout recreate")]
    [InlineData("FailedCreatePodSandBox: failed to setup network: failed to assign an IP address to container", "cannot give the pod a network", "subnet")]
    public async Task Tells_why_a_pod_stays_where_it_is(string warning, string why, string nextStep)
    {
        _rollout.SetPod("""{"phase":"Pending","containerStatuses":[{"name":"server","state":{"waiting":{"reason":"ContainerCreating"}}}]}""");
        _rollout.AddEvent("gemma-1-a", "Warning", warning.Split(": ")[0], warning.Split(": ", 2)[1]);
        await FailsAsync(why, nextStep);
    }

    /// <summary>A server that ends again and again: the last line of its log, what is told.</summary>
    [Theory]
    [InlineData("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "does not fit the GPU's memory", "--accelerator-count")]
    [InlineData("ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that can be stored in KV cache (40960)", "longer than the GPU has memory for", "--max-model-length")]
    [InlineData("huggingface_hub.errors.GatedRepoError: 403 Client Error.", "the model hub refuses", "HF_TOKEN")]
    [InlineData("api_server.py: error: unrecognized arguments: --no-such-flag", "does not know an argument", "--base-image")]
    [InlineData("OSError: [Errno 28] No space left on device", "a disk is full", "--weights baked")]
    [InlineData("PermissionError: [Errno 13] Permission denied: '/.cache'", "may not read or write", "emptyDir")]
    [InlineData("RuntimeError: No CUDA GPUs are available", "GPU driver is not ready", "gpu-driver-version")]
    [InlineData("OSError: [Errno 98] Address already in use", "the port is taken", "same port")]
    [InlineData("something nobody has seen before", "ends again and again", "The log above")]
    public async Task Tells_why_a_server_ends(string line, string why, string nextStep)
    {
        _rollout.PreviousLog = $"loading\n{line}\n";
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","restartCount":3,"lastState":{"terminated":{"exitCode":1,"reason":"Error"}},"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s"}}}]}""");
        (await FailsAsync(why, nextStep)).ShouldContain("    " + line);
    }

    [Fact]
    public async Task Tells_that_a_container_was_killed_for_its_memory()
    {
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","restartCount":3,"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}},"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}}}]}""");
        await FailsAsync("more memory than its limit", "Raise the memory limit");
    }

    [Fact]
    public async Task Tells_that_a_probe_fails()
    {
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","ready":false,"state":{"running":{}}}]}""");
        _rollout.AddEvent("gemma-1-a", "Warning", "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 503");
        await FailsAsync("its probe fails", "failureThreshold");
    }

    [Theory]
    [InlineData("Evicted", "The node was low on resource: ephemeral-storage.", "put the pod out")]
    [InlineData("Terminated", "Pod was terminated in response to imminent node shutdown.", "the node went away")]
    [InlineData("UnexpectedAdmissionError", "Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu", "GPU driver is not ready")]
    public async Task Tells_why_a_pod_failed(string reason, string message, string why)
    {
        _rollout.SetPod($$"""{"phase":"Failed","reason":"{{reason}}","message":"{{message}}"}""");
        await FailsAsync(why, "");
    }

    [Theory]
    [InlineData("pods \"gemma-1-a\" is forbidden: exceeded quota: team, requested: requests.nvidia.com/gpu=1", "ResourceQuota is used up", "kubectl describe quota")]
    [InlineData("pods \"gemma-1-a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true", "Pod Security level", "pod-security.kubernetes.io")]
    [InlineData("pods \"gemma-1-\" is forbidden: error looking up service account ml/gemma: serviceaccount \"gemma\" not found", "the service account is not there", "serviceAccountName")]
    [InlineData("admission webhook \"warden.gke.io\" denied the request: GPU pods need a compute class", "an admission policy", "administrators")]
    [InlineData("pods \"gemma-1-a\" is forbidden: maximum memory usage per Container is 8Gi, but limit is 16Gi", "a LimitRange", "kubectl describe limitrange")]
    public async Task Tells_why_no_pod_can_be_made(string message, string why, string nextStep)
    {
        _rollout.SetDeployment($$$"""{"observedGeneration":1,"conditions":[{"type":"ReplicaFailure","status":"True","message":{{{System.Text.Json.JsonSerializer.Serialize(message)}}}}]}""");
        _rollout.AddEvent("gemma-1", "Warning", "FailedCreate", message);
        await FailsAsync(why, nextStep);
    }

    [Fact]
    public async Task Tells_that_a_surge_waits_for_the_GPU_of_the_pod_it_replaces()
    {
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":2,"availableReplicas":1}""");
        _rollout.SetPod("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}]}""", node: null);
        (await FailsAsync("the new pod waits for a GPU", "--rollout recreate")).ShouldContain("The earlier revision goes on serving.");
    }

    [Theory]
    [InlineData(null, "is in the phase 'node' for longer than 0 s: waiting for a node")]
    [InlineData("node", "is in the phase 'image' for longer than 0 s: has a node; fetching its image")]
    public async Task Gives_each_phase_its_own_time(string? node, string message)
    {
        var (none, ample) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromMinutes(5));
        _rollout.SetPod("""{"phase":"Pending"}""", node: node);
        var error = await Should.ThrowAsync<PreheatException>(() => _rollout.WaitAsync(ample, new() { Node = node is null ? none : ample, Image = node is null ? ample : none, Weights = ample, Ready = ample, Quiet = ample }));
        error.Message.ShouldContain(message);
        error.Message.ShouldEndWith($"If it only needs longer: --rollout-timeout {(node is null ? "node" : "image")}=1s");
    }

    [Fact]
    public async Task Gives_the_whole_its_time()
    {
        _rollout.SetPod("""{"phase":"Pending"}""");
        var ample = TimeSpan.FromMinutes(5);
        var error = await Should.ThrowAsync<PreheatException>(() => _rollout.WaitAsync(ample, new() { Weights = ample, Ready = ample, Quiet = ample, Whole = TimeSpan.FromSeconds(1) }));
        error.Message.ShouldStartWith("Deployment/gemma did not roll out: it is not complete after 1 s\n  Pod/gemma-1-a: has a node; fetching its image");
        error.Message.ShouldEndWith("If it only needs longer: --rollout-timeout 2s");
    }

    private async Task<string> FailsAsync(string why, string nextStep)
    {
        var error = (await Should.ThrowAsync<PreheatException>(() => _rollout.WaitAsync(Quiet))).Message;
        error.Split('\n')[0].ShouldContain(why, customMessage: error);
        error.Split('\n')[^1].ShouldContain(nextStep, customMessage: error);
        return error;
    }
}
