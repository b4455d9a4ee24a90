using Preheat.Runs;

namespace Preheat.Models;

/// <summary>Makes the source that a reference names.</summary>
public static class ModelSources
{
    /// <summary>The source of a reference, its revision not yet pinned.</summary>
    /// <exception cref="UserException">An embedded model outside the embedded cloud, or a scheme that has no source.</exception>
    public static IModelSource Open(
        ModelReference reference, CloudEndpoints endpoints, Secret? hubToken, TimeProvider time, ModelFilter? filter = null, IEventSink? events = null) => reference.Scheme switch
        {
            ModelScheme.HuggingFace => new HubModelSource(Hub(reference, endpoints, hubToken, time, events), reference.Location, reference.Revision),
            _ => OpenElsewhere(reference, filter),
        };

    /// <summary>The source of a snapshot's files at its pinned revision.</summary>
    public static IModelSource Open(ModelSnapshot snapshot, CloudEndpoints endpoints, Secret? hubToken, TimeProvider time, IEventSink? events = null)
    {
        var reference = ModelReference.Parse(snapshot.Reference);
        return reference.Scheme == ModelScheme.HuggingFace
            ? HubModelSource.Pinned(Hub(reference, endpoints, hubToken, time, events), reference.Location, snapshot.Revision)
            : OpenElsewhere(reference, null);
    }

    private static DirectoryModelSource OpenElsewhere(ModelReference reference, ModelFilter? filter) => reference.Scheme == ModelScheme.File
        ? new DirectoryModelSource(reference.Location, filter)
        : throw new UserException($"{reference}: models in Cloud Storage come with Google Cloud support, which is not there yet. Use hf://org/name or file:///path.");

    private static HubClient Hub(ModelReference reference, CloudEndpoints endpoints, Secret? hubToken, TimeProvider time, IEventSink? events)
    {
        Action<string>? say = events is null ? null : text => events.Emit(new Note(text));
        if (!reference.IsEmbedded)
            return new HubClient(endpoints.Hub, hubToken, time, say);
        return endpoints.EmbeddedHub is { } embedded
            ? new HubClient(embedded, hubToken, time, say)
            : throw new UserException($"{reference} lives in the embedded cloud only. Use it with --cloud local, or name another model with --model.");
    }
}
