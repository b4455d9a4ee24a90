using System.Text.RegularExpressions;

namespace Preheat.Kubernetes;

/// <summary>What Kubernetes, the kubelet, the cloud or the server says in its own words, and what that means for a person.</summary>
/// <param name="Says">Matched against reason and message, warnings, and log lines, one at a time.</param>
/// <param name="Why">One clause: <c>no node has the GPUs</c>.</param>
/// <param name="NextStep">One sentence.</param>
internal sealed record TroubleRule(Regex Says, string Why, string NextStep)
{
    /// <summary>The rules, the more telling ones first.</summary>
    public static IReadOnlyList<TroubleRule> All { get; } =
    [
        // The cluster's autoscaler and the cloud behind it.
        Rule(@"GCE_STOCKOUT|ZONE_RESOURCE_POOL_EXHAUSTED|out of resources|stockout|does not have enough resources available", "the zone has no such machines left (stockout)", "Try another zone or region, another --accelerator, or a reservation; run Deploy again later."),
        Rule(@"GCE_QUOTA_EXCEEDED|(?i)quota.*(exceeded|limit).*(gpu|cpus|gce|region)|(gpus?|cpus).*quota", "the project's quota for these machines is used up", "Ask for more quota in the Cloud console (IAM & Admin, Quotas), or use fewer replicas or another --accelerator."),
        Rule(@"exceeded quota", "the namespace's ResourceQuota is used up", "Raise the ResourceQuota (kubectl describe quota), or use fewer replicas or another --namespace."),
        Rule(@"(maximum|minimum) (cpu|memory|nvidia\.com/gpu) (usage|limit)|LimitRanger", "a LimitRange of the namespace forbids the resources that are asked for", "Change the resources in the manifests, or the LimitRange (kubectl describe limitrange)."),
        Rule(@"violates PodSecurity", "the namespace's Pod Security level forbids this pod", "Deploy with restricted manifests, or have the namespace's label pod-security.kubernetes.io/enforce changed."),
        Rule(@"serviceaccount ""[^""]*"" not found|error looking up service account", "the service account is not there", "Make the service account, or leave serviceAccountName out."),
        Rule(@"admission webhook .* denied", "an admission policy of the cluster refuses the pod", "Change what the policy names, or ask the cluster's administrators."),
        // The scheduler.
        Rule(@"persistentvolumeclaim ""[^""]*"" not found", "a volume claim is not there", "Run the target that makes the volume (StageWeights), or make the claim; then run Deploy again."),
        Rule(@"unbound immediate PersistentVolumeClaims|waiting for (a )?volume to be created|ProvisioningFailed", "a volume claim has no volume yet", "Look at the claim (kubectl describe pvc): its storage class, size or access mode may not be to be had."),
        Rule(@"volume node affinity conflict", "its volume is in another zone than the nodes", "Put node pool and volume into the same zone."),
        Rule(@"Insufficient nvidia\.com/gpu", "no node has the GPUs free", "Free some, let the node pool grow, or ask for fewer (--accelerator-count)."),
        Rule(@"didn't match Pod's node affinity/selector|node\(s\) didn't match node selector", "no node has the labels that the node selector asks for", "Check --accelerator, and that a node pool with it is there: kubectl get nodes -L cloud.google.com/gke-accelerator."),
        Rule(@"untolerated taint|had taint", "the nodes that would fit have a taint that the pod does not tolerate", "Add the toleration to the manifests (--manifests), or use another node pool."),
        Rule(@"Insufficient (cpu|memory|ephemeral-storage)", "no node has the processors, memory or disk free", "Use larger machines in the node pool, or ask for less in the manifests."),
        Rule(@"didn't match pod (anti-)?affinity|didn't satisfy existing pods anti-affinity|topology spread", "the rules that spread the pods leave no node", "Loosen the rules in the manifests, or add nodes."),
        Rule(@"node\(s\) were unschedulable|node\(s\) had volume|Too many pods", "the nodes take no more pods", "Look at the nodes (kubectl get nodes): they may be cordoned or full."),
        Rule(@"Preempted|preempted by|imminent node shutdown|NodeShutdown|SpotTermination", "the node went away (a Spot machine, an upgrade, or a pod of higher priority)", "Run Deploy again, or use machines that are not Spot."),
        Rule(@"Evicted|ephemeral(-| local )storage|DiskPressure|low on resource", "the node ran out of disk or memory and put the pod out", "Use larger node disks, or have less written into the container."),
        // GPUs on the node.
        Rule(@"no healthy devices|UnexpectedAdmissionError|unhealthy devices|nvidia-container-cli|NVML|libcuda\.so|libnvidia-ml|driver (not loaded|mismatch|is too old|version is insufficient)|No CUDA GPUs|CUDA driver", "the node's GPU driver is not ready", "Wait for the driver installer (kubectl -n kube-system get pods), or give the node pool a driver version (gpu-driver-version=latest)."),
        // Images.
        Rule(@"toomanyrequests|429 Too Many|rate limit", "the registry allows no more pulls for now", "Wait, or have the image in your own repository: ./build.sh BakeImage."),
        Rule(@"no match for platform|exec format error", "the image is for another processor", "Bake it for the nodes' platform: --image-platform linux/amd64."),
        Rule(@"(?i)ImagePull.*(unauthorized|403|401|denied|forbidden)|failed to authorize|failed to fetch oauth token", "the nodes may not read the image", "Give the nodes' service account roles/artifactregistry.reader on the repository, or an imagePullSecret."),
        Rule(@"(?i)ImagePull.*(x509|certificate|server gave HTTP response)", "the nodes do not trust the registry", "Install the registry's certificate authority on the nodes."),
        Rule(@"(?i)ImagePull.*(timeout|no such host|connection refused|network is unreachable)", "the nodes do not reach the registry", "Give private nodes a way there (Private Google Access, Cloud NAT)."),
        Rule(@"(?i)ImagePull.*no space left", "the image does not fit the node's disk", "Use a larger boot disk for the node pool."),
        Rule(@"(?i)ImagePull|InvalidImageName|ErrImageNeverPull|manifest unknown", "the image is not there", "Check that the image exists and that the nodes may read its repository; ./build.sh BakeImage pushes it again."),
        // What the container refers to.
        Rule(@"couldn't find key|references non-existent (secret|config) key", "a Secret or ConfigMap lacks the key that the container asks for", "Put the key there, then run Deploy again."),
        Rule(@"(?i)secret ""[^""]*"" not found", "a Secret is not there", "Make the Secret that the container asks for; --hf-token (or HF_TOKEN) makes the hub's. Then run Deploy again."),
        Rule(@"(?i)configmap ""[^""]*"" not found", "a ConfigMap is not there", "Make the ConfigMap that the container asks for, then run Deploy again."),
        Rule(@"CreateContainerConfigError", "what the container asks for is not there", "Make the Secret or ConfigMap that the container asks for, then run Deploy again."),
        Rule(@"Multi-Attach|FailedAttachVolume|already attached", "a volume cannot be attached: another node has it", "Use a read-only-many volume, or --rollout recreate."),
        Rule(@"FailedMount|MountVolume", "a volume cannot be mounted", "Look at the warning for the volume's name and mend what it says."),
        Rule(@"FailedCreatePodSandBox|failed to assign an IP|no IP addresses available", "the node cannot give the pod a network", "Look at the node's network plugin; the subnet may have no addresses left."),
        // The server itself, from its log.
        Rule(@"CUDA out of memory|OutOfMemoryError|torch\.cuda\.OutOf|No available memory for the cache blocks", "the model does not fit the GPU's memory", "Use a larger --accelerator, more of them (--accelerator-count), or a shorter --max-model-length."),
        Rule(@"max seq len .* is larger than the maximum number of tokens|larger than the available KV cache|max_model_len", "the context is longer than the GPU has memory for", "Give a shorter --max-model-length, or use a larger --accelerator."),
        Rule(@"GatedRepoError|401 Client Error|403 Client Error|Access to model .* is restricted", "the model hub refuses the download", "Accept the model's terms on the hub and give a token: --hf-token or HF_TOKEN."),
        Rule(@"unrecognized arguments|unexpected argument|invalid choice", "the server does not know an argument", "Look at the server's version (--base-image) and its arguments in the manifests."),
        Rule(@"No space left on device", "a disk is full", "Use a larger volume or node disk, or bake the weights into the image (--weights baked)."),
        Rule(@"(?i)permission denied", "the server may not read or write something", "Look at the log; a restricted pod needs writable folders (emptyDir) for caches."),
        Rule(@"Address already in use", "the port is taken inside the pod", "Look whether two containers of the pod listen on the same port."),
        Rule(@"OOMKilled", "it used more memory than its limit", "Raise the memory limit in the manifests, or use larger machines."),
        Rule(@"(Liveness|Startup|Readiness) probe failed", "its probe fails", "The server may need more time than the probe gives (failureThreshold × periodSeconds), or listens on another port."),
        Rule(@"ContainerCannotRun|no such file or directory|executable file not found|RunContainerError|StartError", "the container's command cannot be run", "Check command and arguments in the manifests against the image."),
        Rule(@"CrashLoopBackOff|exit code", "the server ends again and again", "The log above says why the server ends; change the model or its arguments, then run Deploy again."),
        Rule(@"NotTriggerScaleUp|didn't trigger scale-up|FailedScaleUp", "no node pool can grow to fit the pod", "Look which pools there are and how far they may grow (gcloud container node-pools list), or make one with this accelerator."),
    ];

    /// <summary>The rule for the first text that says something known.</summary>
    public static TroubleRule? For(IEnumerable<string> texts) => texts.Select(text => All.FirstOrDefault(rule => rule.Says.IsMatch(text))).FirstOrDefault(rule => rule is not null);

    private static TroubleRule Rule(string says, string why, string nextStep) =>
        new(new Regex(says, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)), why, nextStep);
}
