using Preheat.Models;
using Preheat.Runs;

interface IResolveModel : IHazCloud
{
    /// <summary>What the step reads; a moving reference is asked for again every time.</summary>
    StepInputs ResolveInputs => new(nameof(ResolveModel), 2, new
    {
        model = Session.Current.Deployment.Model.ToString(),
        Session.Current.Deployment.Resolve.Filter.Include,
        Session.Current.Deployment.Resolve.Filter.Exclude,
    });

    Target ResolveModel => _ => _
        .Description("Pin the model: revision, files, sizes, hashes, parameters, data type")
        .Executes(() => Session.Current.RunAsync(nameof(ResolveModel), async cancellation =>
        {
            var session = Session.Current;
            var deployment = session.Deployment;
            var endpoints = await session.EndpointsAsync();
            await session.ContinueAsync();
            var model = await Step.RefreshAsync(
                session.Steps,
                ResolveInputs,
                token => ModelResolver.ResolveAsync(deployment.Model, deployment.Resolve, endpoints, HubToken, session.Events, Session.Time, token),
                cancellation);
            ReportSummary(_ => _
                .AddPair("Model", $"{model.Name}@{model.Revision[..Math.Min(12, model.Revision.Length)]}")
                .AddPair("Parameters", $"{model.Parameters / 1e6:0.#} M {model.DType}"));
        }));
}
