using static Preheat.ClusterTests.Differential.RequestStep;

namespace Preheat.ClusterTests.Differential;

/// <summary>Requests by kind, good and bad.</summary>
internal static class Sequences
{
    private const string Core = "api/v1/namespaces/NS/";
    private const string Apps = "apis/apps/v1/namespaces/NS/";
    private const string Batch = "apis/batch/v1/namespaces/NS/";
    private const string Coordination = "apis/coordination.k8s.io/v1/namespaces/NS/";

    private const string Template = """{"metadata":{"labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"registry.example/a:1"}]}}""";
    private const string DeploymentHead = """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}""";
    private const string Deployment = DeploymentHead + ""","spec":{"replicas":0,"selector":{"matchLabels":{"app":"a"}},"template":""" + Template + "}}";

    public static IReadOnlyDictionary<string, IReadOnlyList<RequestStep>> All { get; } = new Dictionary<string, IReadOnlyList<RequestStep>>(StringComparer.Ordinal)
    {
        ["deployment"] =
        [
            Get("absent", Apps + "deployments/a"),
            Post("no spec", Apps + "deployments?dryRun=All", DeploymentHead + "}"),
            Post("no selector", Apps + "deployments?dryRun=All", DeploymentHead + ""","spec":{"template":""" + Template + "}}"),
            Post("selector does not match", Apps + "deployments?dryRun=All", Deployment.Replace("\"matchLabels\":{\"app\":\"a\"}", "\"matchLabels\":{\"app\":\"b\"}")),
            Post("negative replicas", Apps + "deployments?dryRun=All", Deployment.Replace("\"replicas\":0", "\"replicas\":-1")),
            Post("bad name", Apps + "deployments?dryRun=All", Deployment.Replace("\"name\":\"a\"", "\"name\":\"A_b\"")),
            Post("bad label", Apps + "deployments?dryRun=All", Deployment.Replace("\"name\":\"a\"}", "\"name\":\"a\",\"labels\":{\"-x\":\"y z\"}}")),
            Post("no containers", Apps + "deployments?dryRun=All", Deployment.Replace("[{\"name\":\"c\",\"image\":\"registry.example/a:1\"}]", "[]")),
            Post("no image", Apps + "deployments?dryRun=All", Deployment.Replace(",\"image\":\"registry.example/a:1\"", "")),
            Post("two containers of one name", Apps + "deployments?dryRun=All", Deployment.Replace("\"registry.example/a:1\"}", "\"registry.example/a:1\"},{\"name\":\"c\",\"image\":\"b\"}")),
            Post("bad quantity", Apps + "deployments?dryRun=All", WithContainer("\"resources\":{\"limits\":{\"cpu\":\"1x\"}}")),
            Post("requests above limits", Apps + "deployments?dryRun=All", WithContainer("\"resources\":{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":\"2\"}}")),
            Post("GPU requests differ", Apps + "deployments?dryRun=All", WithContainer("\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"2\"},\"requests\":{\"nvidia.com/gpu\":\"1\"}}")),
            Post("GPU without limit", Apps + "deployments?dryRun=All", WithContainer("\"resources\":{\"requests\":{\"nvidia.com/gpu\":\"1\"}}")),
            Post("no resource", Apps + "deployments?dryRun=All", WithContainer("\"resources\":{\"limits\":{\"gpus\":\"1\"}}")),
            Post("half a GPU", Apps + "deployments?dryRun=All", WithContainer("\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"500m\"}}")),
            Post("bad port", Apps + "deployments?dryRun=All", WithContainer("\"ports\":[{\"containerPort\":70000}]")),
            Post("bad port name", Apps + "deployments?dryRun=All", WithContainer("\"ports\":[{\"name\":\"a_very_long_port_name\",\"containerPort\":80}]")),
            Post("bad environment name", Apps + "deployments?dryRun=All", WithContainer("\"env\":[{\"name\":\"a b\",\"value\":\"1\"}]")),
            Post("probe without handler", Apps + "deployments?dryRun=All", WithContainer("\"readinessProbe\":{\"periodSeconds\":5}")),
            Post("mount without volume", Apps + "deployments?dryRun=All", WithContainer("\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/v\"}]")),
            Post("bad restart policy", Apps + "deployments?dryRun=All", Deployment.Replace("\"spec\":{\"containers\"", "\"spec\":{\"restartPolicy\":\"Never\",\"containers\"")),
            Post("recreate with rolling parameters", Apps + "deployments?dryRun=All", Deployment.Replace("\"replicas\":0", "\"replicas\":0,\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":{\"maxSurge\":1}}")),
            Post("no surge and no unavailable", Apps + "deployments?dryRun=All", Deployment.Replace("\"replicas\":0", "\"replicas\":0,\"strategy\":{\"rollingUpdate\":{\"maxSurge\":0,\"maxUnavailable\":0}}")),
            Post("deadline below minimum", Apps + "deployments?dryRun=All", Deployment.Replace("\"replicas\":0", "\"replicas\":0,\"minReadySeconds\":10,\"progressDeadlineSeconds\":10")),
            Post("wrong type", Apps + "deployments?dryRun=All", Deployment.Replace("\"replicas\":0", "\"replicas\":\"one\"")),
            Post("no JSON", Apps + "deployments?dryRun=All", "{nonsense"),
            Post("another kind", Apps + "deployments?dryRun=All", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"""),
            Post("another namespace", Apps + "deployments?dryRun=All", Deployment.Replace("\"name\":\"a\"", "\"name\":\"a\",\"namespace\":\"elsewhere\"")),
            Post("namespace that is not there", "apis/apps/v1/namespaces/nowhere/deployments", Deployment),
            Post("dry run", Apps + "deployments?dryRun=All", Deployment),
            Post("bad dry run", Apps + "deployments?dryRun=yes", Deployment),
            Post("create", Apps + "deployments?fieldManager=me", Deployment),
            Post("create again", Apps + "deployments", Deployment),
            Get("read", Apps + "deployments/a"),
            Get("scale", Apps + "deployments/a/scale"),
            Put("set scale", Apps + "deployments/a/scale", """{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"a","namespace":"NS"},"spec":{"replicas":0}}"""),
            Merge("bad patch", Apps + "deployments/a", "[]"),
            Merge("selector changes", Apps + "deployments/a?dryRun=All", """{"spec":{"selector":{"matchLabels":{"app":"b"}},"template":{"metadata":{"labels":{"app":"b"}}}}}"""),
            Merge("name changes", Apps + "deployments/a?dryRun=All", """{"metadata":{"name":"b"}}"""),
            Merge("stale version", Apps + "deployments/a", """{"metadata":{"resourceVersion":"1"},"spec":{"paused":true}}"""),
            Merge("version that is none", Apps + "deployments/a?dryRun=All", """{"metadata":{"resourceVersion":"x"}}"""),
            Merge("annotate", Apps + "deployments/a?fieldManager=me", """{"metadata":{"annotations":{"note":"1"}}}"""),
            Strategic("strategic", Apps + "deployments/a?fieldManager=me", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"registry.example/a:2"}]}}}}"""),
            JsonPatch("JSON patch", Apps + "deployments/a?fieldManager=me", """[{"op":"replace","path":"/spec/revisionHistoryLimit","value":3}]"""),
            JsonPatch("JSON patch whose test fails", Apps + "deployments/a", """[{"op":"test","path":"/spec/revisionHistoryLimit","value":4}]"""),
            JsonPatch("JSON patch of nothing", Apps + "deployments/a", """[{"op":"replace","path":"/spec/none/x","value":4}]"""),
            new("unknown patch type", HttpMethod.Patch, Apps + "deployments/a", "{}", "application/json"),
            new("unknown body type", HttpMethod.Post, Apps + "deployments", "hello", "text/plain"),
            Apply("apply without manager", Apps + "deployments/b", Deployment.Replace("\"name\":\"a\"", "\"name\":\"b\"")),
            Apply("apply in conflict", Apps + "deployments/a?fieldManager=other", DeploymentHead + ""","spec":{"revisionHistoryLimit":7}}"""),
            Apply("apply by force", Apps + "deployments/a?fieldManager=other&force=true", DeploymentHead + ""","spec":{"revisionHistoryLimit":7}}"""),
            Apply("apply again", Apps + "deployments/a?fieldManager=other", DeploymentHead + ""","spec":{"revisionHistoryLimit":7}}"""),
            Apply("apply without the field", Apps + "deployments/a?fieldManager=other", DeploymentHead + ""","spec":{"minReadySeconds":1}}"""),
            Apply("apply of another name", Apps + "deployments/a?fieldManager=other", DeploymentHead.Replace("\"a\"", "\"b\"") + "}"),
            Apply("apply with managed fields", Apps + "deployments/a?fieldManager=other", DeploymentHead.Replace("\"name\":\"a\"", "\"name\":\"a\",\"managedFields\":[{\"manager\":\"x\"}]") + "}"),
            Apply("apply of a wrong type", Apps + "deployments/a?fieldManager=other", DeploymentHead + ""","spec":{"minReadySeconds":"x"}}"""),
            Apply("apply of an unknown field", Apps + "deployments/a?fieldManager=other", DeploymentHead + ""","spec":{"minReadySecond":1}}"""),
            Apply("apply that creates", Apps + "deployments/c?fieldManager=other", Deployment.Replace("\"name\":\"a\"", "\"name\":\"c\"")),
            Apply("apply that creates something invalid", Apps + "deployments/d?fieldManager=other", DeploymentHead.Replace("\"a\"", "\"d\"") + "}"),
            Get("bad label selector", Apps + "deployments?labelSelector=a%20b"),
            Get("bad field selector", Apps + "deployments?fieldSelector=spec.replicas%3D1"),
            Get("by name", Apps + "deployments?fieldSelector=metadata.name%3Da&labelSelector=app%21%3Dx"),
            Get("bad continue", Apps + "deployments?limit=1&continue=x"),
            Get("future version", Apps + "deployments/a?resourceVersion=9999999999"),
            Delete("delete another", Apps + "deployments/a", """{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}"""),
            Delete("delete with a bad policy", Apps + "deployments/a", """{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Later"}"""),
            Delete("delete dry", Apps + "deployments/a?dryRun=All"),
            Delete("delete", Apps + "deployments/a?propagationPolicy=Background"),
            Delete("delete again", Apps + "deployments/a"),
            Delete("delete in the foreground", Apps + "deployments/c", """{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground"}"""),
            Get("no such resource", Apps + "things"),
            new("no such method", HttpMethod.Post, Apps + "deployments/a", Deployment),
        ],
        ["configuration"] =
        [
            Post("bad key", Core + "configmaps?dryRun=All", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a b":"1"}}"""),
            Post("key twice", Core + "configmaps?dryRun=All", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"binaryData":{"a":"MQ=="}}"""),
            Post("number as data", Core + "configmaps?dryRun=All", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":1}}"""),
            Post("no name", Core + "configmaps?dryRun=All", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{},"data":{"a":"1"}}"""),
            Post("create", Core + "configmaps?fieldManager=me", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"immutable":true}"""),
            Merge("change an immutable one", Core + "configmaps/a", """{"data":{"a":"2"}}"""),
            Merge("label", Core + "configmaps/a?fieldManager=me", """{"metadata":{"labels":{"x":"y"}}}"""),
            Put("stale", Core + "configmaps/a", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"},"data":{"a":"1"},"immutable":true}"""),
            Put("another uid", Core + "configmaps/a", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"00000000-0000-0000-0000-000000000000"},"data":{"a":"1"},"immutable":true}"""),
            Put("another name", Core + "configmaps/a", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"data":{"a":"1"}}"""),
            Put("absent", Core + "configmaps/none", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"none"}}"""),
            Put("absent with version", Core + "configmaps/none2", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"none2","resourceVersion":"5"}}"""),
            Post("create with version", Core + "configmaps?dryRun=All", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"v","resourceVersion":"5"}}"""),
            Post("secret", Core + "secrets?fieldManager=me", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"token":"t"}}"""),
            Post("bad base64", Core + "secrets?dryRun=All", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"b"},"data":{"token":"?"}}"""),
            Merge("type changes", Core + "secrets/a", """{"type":"example.com/x"}"""),
            Post("docker secret without data", Core + "secrets?dryRun=All", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"d"},"type":"kubernetes.io/dockerconfigjson"}"""),
            Apply("apply a secret", Core + "secrets/c?fieldManager=me", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"},"type":"Opaque","data":{"token":"dA=="}}"""),
            Delete("delete", Core + "secrets/c"),
            Delete("delete a collection", Core + "configmaps?labelSelector=x%3Dy"),
        ],
        ["service"] =
        [
            Post("no ports", Core + "services?dryRun=All", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"selector":{"app":"a"}}}"""),
            Post("bad port", Core + "services?dryRun=All", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":0}]}}"""),
            Post("two ports without names", Core + "services?dryRun=All", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":80},{"port":81}]}}"""),
            Post("bad type", Core + "services?dryRun=All", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"type":"Cluster","ports":[{"port":80}]}}"""),
            Post("bad name", Core + "services?dryRun=All", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"1.a"},"spec":{"ports":[{"port":80}]}}"""),
            Post("bad target", Core + "services?dryRun=All", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":80,"targetPort":"a_b"}]}}"""),
            Post("create", Core + "services?fieldManager=me", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"selector":{"app":"a"},"ports":[{"name":"http","port":80}]}}"""),
            Merge("address changes", Core + "services/a", """{"spec":{"clusterIP":"10.0.9.9"}}"""),
            Apply("apply", Core + "services/b?fieldManager=me", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},"spec":{"clusterIP":"None","selector":{"app":"a"},"ports":[{"port":80,"protocol":"TCP"}]}}"""),
            Apply("apply a port less", Core + "services/b?fieldManager=me", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},"spec":{"clusterIP":"None","selector":{"app":"a"},"ports":[{"port":81,"protocol":"TCP"}]}}"""),
            Apply("apply a port without protocol", Core + "services/c?fieldManager=me", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"clusterIP":"None","ports":[{"port":80}]}}"""),
            Delete("delete", Core + "services/b"),
        ],
        ["lease"] =
        [
            Post("bad time", Coordination + "leases?dryRun=All", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"renewTime":"yesterday"}}"""),
            Post("no duration", Coordination + "leases?dryRun=All", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"leaseDurationSeconds":0}}"""),
            Post("negative transitions", Coordination + "leases?dryRun=All", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"leaseTransitions":-1}}"""),
            Post("create", Coordination + "leases?fieldManager=me", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"holderIdentity":"x","leaseDurationSeconds":15,"acquireTime":"2026-11-21T10:00:00.123456Z","renewTime":"2026-11-21T10:00:00.000000Z"}}"""),
            Post("time without its fraction", Coordination + "leases?dryRun=All", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"b"},"spec":{"renewTime":"2026-11-21T10:00:00Z"}}"""),
            Put("replace without version", Coordination + "leases/a?fieldManager=me", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"holderIdentity":"y"}}"""),
            Put("replace a stale one", Coordination + "leases/a", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a","resourceVersion":"1"},"spec":{"holderIdentity":"z"}}"""),
            Delete("delete", Coordination + "leases/a"),
        ],
        ["job"] =
        [
            Post("restart always", Batch + "jobs?dryRun=All", """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"a"}]}}}}"""),
            Post("negative parallelism", Batch + "jobs?dryRun=All", """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"parallelism":-1,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}}"""),
            Post("selector of one's own", Batch + "jobs?dryRun=All", """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"x":"y"}},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}}"""),
            Post("create", Batch + "jobs?fieldManager=me", """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"parallelism":0,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}}"""),
            Merge("template changes", Batch + "jobs/a", """{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":5}}}}"""),
            Merge("completions change", Batch + "jobs/a", """{"spec":{"completions":5}}"""),
            Delete("delete", Batch + "jobs/a?propagationPolicy=Background"),
        ],
        ["quota"] =
        [
            Post("bad name of a resource", Core + "resourcequotas?dryRun=All", """{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"a"},"spec":{"hard":{"nonsense":"1"}}}"""),
            Post("create", Core + "resourcequotas?fieldManager=me", """{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"a"},"spec":{"hard":{"count/configmaps":"100","requests.nvidia.com/gpu":"1"}}}"""),
            Post("pod without limits", Core + "pods?dryRun=All", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"a"}]}}"""),
            Post("priority class that is not there", Core + "pods?dryRun=All", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"priorityClassName":"none","containers":[{"name":"c","image":"a"}]}}"""),
            Post("service account that is not there", Core + "pods?dryRun=All", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"serviceAccountName":"none","containers":[{"name":"c","image":"a"}]}}"""),
        ],
    };

    private static string WithContainer(string field) => Deployment.Replace("\"registry.example/a:1\"", "\"registry.example/a:1\"," + field);
}
