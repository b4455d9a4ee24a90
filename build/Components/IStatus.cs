using Preheat.Kubernetes;
using Preheat.LocalCloud;

interface IStatus : IHazCloud
{
    Target Status => _ => _
        .Description("Say how the model is served and what is there, as the cluster has it: endpoint, replicas, revisions, objects, pods")
        .Executes(() => Session.Current.RunAsync(nameof(Status), async cancellation =>
        {
            var session = Session.Current;
            var name = session.Deployment.Name;
            if (session.Deployment.KubeContext is null && LocalCloud.Find(CloudState) is null)
            {
                Log.Information("Nothing serves: the embedded cloud is not running. './build.sh Deploy' starts it and brings '{Name:l}' back.", name);
                return;
            }
            var endpoints = await session.EndpointsAsync();
            var scope = await ClusterScope.FindAsync(session.Deployment, endpoints, session.Events, Session.Time, cancellation);
            var status = await ClusterStatus.GetAsync(name, scope, endpoints, session.Events, Session.Time, cancellation);
            if (status.Objects.Count + status.Pods.Count == 0)
            {
                Log.Information("Nothing is there of deployment '{Name:l}' in context {Context:l}. './build.sh Deploy' puts it there.", name, status.Context);
                return;
            }
            Log.Information("Deployment '{Name:l}' in context {Context:l} ({Server}):", name, status.Context, status.Server);
            foreach (var line in StatusText.Of(status))
                Log.Information("{Line:l}", line);
            ReportSummary(_ => _.AddPair("Ready", $"{status.Pods.Count(pod => pod.IsReady)} of {status.Pods.Count} pods"));
        }));
}
