namespace Preheat.Models;

/// <summary>Makes the source that a reference names.</summary>
public static class ModelSources
{
    private const string EmbeddedOwner = "preheat/";

    /// <summary>The source of a reference, its revision not yet pinned.</summary>
    /// <exception cref="UserException">An embedded model outside the embedded cloud, or a scheme that has no source.</exception>
    public static IModelSource Open(ModelReference reference, CloudEndpoints endpoints, Secret? hubToken, TimeProvider time) => reference.Scheme switch
    {
        ModelScheme.HuggingFace => new HubModelSource(Hub(reference, endpoints, hubToken, time), reference.Location, reference.Revision),
        _ => OpenElsewhere(reference),
    };

    /// <summary>The source of a snapshot's files at its pinned revision.</summary>
    public static IModelSource Open(ModelSnapshot snapshot, CloudEndpoints endpoints, Secret? hubToken, TimeProvider time)
    {
        var reference = ModelReference.Parse(snapshot.Reference);
        return reference.Scheme == ModelScheme.HuggingFace
            ? HubModelSource.Pinned(Hub(reference, endpoints, hubToken, time), reference.Location, snapshot.Revision)
            : OpenElsewhere(reference);
    }

    private static DirectoryModelSource OpenElsewhere(ModelReference reference) => reference.Scheme == ModelScheme.File
        ? new DirectoryModelSource(reference.Location)
        : throw new UserException($"{reference}: models in Cloud Storage come with Google Cloud support, which is not there yet. Use hf://org/name or file:///path.");

    private static HubClient Hub(ModelReference reference, CloudEndpoints endpoints, Secret? hubToken, TimeProvider time)
    {
        if (!reference.Location.StartsWith(EmbeddedOwner, StringComparison.Ordinal))
            return new HubClient(endpoints.Hub, hubToken, time);
        return endpoints.EmbeddedHub is { } embedded
            ? new HubClient(embedded, hubToken, time)
            : throw new UserException($"{reference} lives in the embedded cloud only. Use it with --cloud local, or name another model with --model.");
    }
}
