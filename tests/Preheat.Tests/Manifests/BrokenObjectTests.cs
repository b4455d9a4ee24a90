using Preheat.Manifests;

namespace Preheat.Tests.Manifests;

/// <summary>Typical mistakes in objects: each is told with file, line and path, and nothing is written.</summary>
public sealed class BrokenObjectTests : IDisposable
{
    private const string Deployment = "base/vllm/deployment.yaml";
    private const string Service = "base/vllm/service.yaml";
    private const string Autoscaler = "components/autoscaling/horizontalpodautoscaler.yaml";
    private const string Metric = "components/autoscaling-server/metric.yaml";
    private const string Budget = "components/disruption-budget/poddisruptionbudget.yaml";
    private const string Monitoring = "components/monitoring/podmonitoring.yaml";

    private readonly RenderingFixture _fixture = new();

    public BrokenObjectTests() => _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running", AutoscaleTarget = 10 };

    public void Dispose() => _fixture.Dispose();

    [Theory]
    // Unknown fields, in every depth and in each kind
    [InlineData(Deployment, "revisionHistoryLimit: 5", "revisionHistoryLimits: 5", "spec.revisionHistoryLimits: DeploymentSpec has no field 'revisionHistoryLimits'; did you mean 'revisionHistoryLimit'?")]
    [InlineData(Deployment, "containerPort: 8000", "contianerPort: 8000", "spec.template.spec.containers[0].ports[0].contianerPort: ContainerPort has no field 'contianerPort'; did you mean 'containerPort'?")]
    [InlineData(Deployment, "nodeSelector:", "nodeSelecter:", "did you mean 'nodeSelector'?")]
    [InlineData(Deployment, "allowPrivilegeEscalation", "allowPrivilegedEscalation", "SecurityContext has no field 'allowPrivilegedEscalation'; did you mean 'allowPrivilegeEscalation'?")]
    [InlineData(Deployment, "failureThreshold: 3", "failureTreshold: 3", "did you mean 'failureThreshold'?")]
    [InlineData(Deployment, "strategy:", "stategy:", "did you mean 'strategy'?")]
    [InlineData(Deployment, "terminationGracePeriodSeconds", "terminationGraceSeconds", "PodSpec has no field 'terminationGraceSeconds'")]
    [InlineData(Service, "targetPort: http", "targetport: http", "spec.ports[0].targetport: ServicePort has no field 'targetport'; did you mean 'targetPort'?")]
    [InlineData(Autoscaler, "scaleTargetRef:", "scaleTarget:", "spec.scaleTarget: HorizontalPodAutoscalerSpec has no field 'scaleTarget'")]
    [InlineData(Metric, "averageValue:", "averageVal:", "MetricTarget has no field 'averageVal'; did you mean 'averageValue'?")]
    [InlineData(Budget, "maxUnavailable", "maxUnavailible", "did you mean 'maxUnavailable'?")]
    [InlineData(Monitoring, "interval: 15s", "intervall: 15s", "did you mean 'interval'?")]
    // Wrong types
    [InlineData(Deployment, "revisionHistoryLimit: 5", "revisionHistoryLimit: \"5\"", "spec.revisionHistoryLimit must be a whole number, not a string (5). Leave out the quotes.")]
    [InlineData(Deployment, "revisionHistoryLimit: 5", "revisionHistoryLimit: 5.5", "spec.revisionHistoryLimit must be a whole number, not a number (5.5).")]
    [InlineData(Deployment, "enableServiceLinks: false", "enableServiceLinks: \"false\"", "must be true or false, not a string (false). Leave out the quotes.")]
    [InlineData(Deployment, "- --host=0.0.0.0", "- 8000", "args[2] must be a string, not a number (8000). Quote it.")]
    [InlineData(Deployment, "- --host=0.0.0.0", "- --host: all", "args[2] must be a string, not a mapping")]
    [InlineData(Deployment, "maxSurge: 1", "maxSurge: true", "maxSurge must be a whole number or a string, not a boolean (true)")]
    [InlineData(Deployment, "readinessProbe:\n            httpGet:", "readinessProbe:\n            httpGet: []\n            exec:", "httpGet must be a mapping, not a list")]
    [InlineData(Service, "port: 8000", "port: http", "spec.ports[0].port must be a whole number, not a string (http).")]
    [InlineData(Autoscaler, "maxReplicas: ${MAX_REPLICAS}", "maxReplicas: many", "spec.maxReplicas must be a whole number")]
    // Words, quantities, numbers
    [InlineData(Deployment, "type: RollingUpdate", "type: Rolling", "'Rolling' is none of Recreate, RollingUpdate")]
    [InlineData(Deployment, "protocol: TCP", "protocol: tcp", "'tcp' is none of SCTP, TCP, UDP; did you mean 'TCP'?")]
    [InlineData(Metric, "type: AverageValue", "type: Average", "'Average' is none of AverageValue, Utilization, Value")]
    [InlineData(Deployment, "memory: ${MEMORY}", "memory: 24GB", "'24GB' is no quantity")]
    [InlineData(Deployment, "cpu: ${CPU}", "cpu: six", "'six' is no quantity")]
    [InlineData(Deployment, "cpu: ${CPU}", "cpu: 64", "cpu is requested as 64, more than its limit 6")]
    [InlineData(Deployment, "containerPort: 8000", "containerPort: 80000", "80000 is no port")]
    [InlineData(Deployment, "- name: http\n", "- name: inference-server-http\n", "is no name of a port")]
    // Missing, twice, both
    [InlineData(Deployment, "containerPort: 8000", "hostPort: 8000", "spec.template.spec.containers[0].ports[0].containerPort is missing; ContainerPort needs it.")]
    [InlineData(Autoscaler, "maxReplicas: ${MAX_REPLICAS}", "minReplicas: 1", "a second time")]
    [InlineData(Service, "port: 8000", "nodePort: 30000", "spec.ports[0].port is missing")]
    [InlineData(Deployment, "      volumes:\n", "      volumes:\n        - name: dshm\n          emptyDir: {}\n", "name dshm stands here a second time")]
    [InlineData(Deployment, "medium: Memory", "medium: Memory\n          configMap:\n            name: x\n            optional: true", "has more than one source: emptyDir, configMap")]
    [InlineData(Budget, "maxUnavailable: 1", "maxUnavailable: 1\n  minAvailable: 1", "has both minAvailable and maxUnavailable")]
    [InlineData(Deployment, "maxSurge: 1", "maxSurge: 0", "maxSurge and maxUnavailable are both 0")]
    [InlineData(Deployment, "type: RollingUpdate", "type: Recreate", "spec.strategy.rollingUpdate is for the type RollingUpdate")]
    [InlineData(Deployment, "startupProbe:\n            httpGet:", "startupProbe:\n            exec: {command: [\"true\"]}\n            httpGet:", "needs exactly one of exec, grpc, httpGet and tcpSocket, and has exec and httpGet")]
    // References
    [InlineData(Deployment, "- name: dshm\n              mountPath", "- name: dsmh\n              mountPath", "have no volume 'dsmh'; did you mean 'dshm'?")]
    [InlineData(Deployment, "mountPath: /dev/shm", "mountPath: dev/shm", "'dev/shm' is no absolute path")]
    [InlineData(Deployment, "path: /health\n              port: http", "path: /health\n              port: htpp", "asks the port 'htpp', which the container does not name; did you mean 'http'?")]
    [InlineData(Service, "targetPort: http", "targetPort: htp", "has the port htp; did you mean 'http'?")]
    [InlineData(Autoscaler, "    name: ${DEPLOYMENT}\n  minReplicas", "    name: gema\n  minReplicas", "scales apps/v1 Deployment/gema, which is not here; did you mean 'gemma'?")]
    [InlineData(Autoscaler, "minReplicas: ${REPLICAS}", "minReplicas: 9", "minReplicas 9 is above maxReplicas 4")]
    [InlineData(Metric, "    - type: Pods", "    - type: External", "a metric of type External has the field external")]
    [InlineData(Metric, "type: AverageValue", "type: Value", "a target of type Value has the field value")]
    [InlineData(Monitoring, "      app: ${DEPLOYMENT}\n  endpoints", "      app: other\n  endpoints", "matches the pods of no workload")]
    [InlineData(Monitoring, "port: 8000", "port: 9000", "no container behind PodMonitoring/gemma has the port 9000")]
    // Kinds and what belongs to the server
    [InlineData(Deployment, "apiVersion: apps/v1", "apiVersion: apps/v1beta1", "apiVersion: Deployment is in apps/v1, not in apps/v1beta1.")]
    [InlineData(Autoscaler, "apiVersion: autoscaling/v2", "apiVersion: autoscaling/v2beta2", "HorizontalPodAutoscaler is in autoscaling/v2, not in autoscaling/v2beta2.")]
    [InlineData(Budget, "kind: PodDisruptionBudget", "kind: PodDisruptionBuget", "policy/v1 has no PodDisruptionBuget; did you mean 'PodDisruptionBudget'?")]
    [InlineData(Service, "metadata:\n", "metadata:\n  resourceVersion: \"12\"\n", "metadata.resourceVersion is written by the server")]
    [InlineData(Service, "spec:\n", "status: {loadBalancer: {}}\nspec:\n", "status is written by the server")]
    [InlineData(Deployment, "enableServiceLinks: false", "restartPolicy: Never", "the pods of a Deployment are always restarted")]
    public void Tells_file_and_line(string file, string text, string replacement, string message)
    {
        var line = _fixture.Break(file, text, replacement);
        var error = Should.Throw<UserException>(() => _fixture.Render()).Message;
        error.ShouldContain(message);
        Directory.Exists(_fixture.Output).ShouldBeFalse();
        // The line is that of the mistake, or of the mapping or the key beside it that shows it.
        var told = error.Split('\n').First(part => part.Contains(message, StringComparison.Ordinal));
        told.ShouldContain($"manifests/{file}:");
        int.Parse(told.Split($"manifests/{file}:")[1].Split(':')[0], System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(Math.Max(1, line - 12), line + 12);
    }

    [Fact]
    public void Refuses_a_server_that_would_get_requests_before_its_model_is_loaded()
    {
        _fixture.Break(Deployment, "startupProbe:", "livenessProbe:");
        Should.Throw<UserException>(() => _fixture.Render()).Message.ShouldContain("the container inference-server needs a startupProbe and a readinessProbe");
    }

    [Theory]
    [InlineData("24Gi", true)]
    [InlineData("500m", true)]
    [InlineData("1.5", true)]
    [InlineData("1e3", true)]
    [InlineData("2Ei", true)]
    [InlineData("24GB", false)]
    [InlineData("24 Gi", false)]
    [InlineData("24gi", false)]
    [InlineData("m", false)]
    public void Knows_a_quantity(string text, bool isQuantity)
    {
        Preheat.Manifests.Schemas.SchemaCheck.IsQuantity(text).ShouldBe(isQuantity);
        if (isQuantity)
            Quantities.Value(text).ShouldNotBeNull();
    }
}
