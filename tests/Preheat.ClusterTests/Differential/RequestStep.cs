namespace Preheat.ClusterTests.Differential;

/// <summary>One request of a sequence that both servers get. <c>NS</c> in path and body stands for the namespace.</summary>
/// <param name="Name">What it is about, unique in its sequence.</param>
internal sealed record RequestStep(string Name, HttpMethod Method, string Path, string? Body = null, string MediaType = "application/json")
{
    public static RequestStep Get(string name, string path) => new(name, HttpMethod.Get, path);

    public static RequestStep Post(string name, string path, string body) => new(name, HttpMethod.Post, path, body);

    public static RequestStep Put(string name, string path, string body) => new(name, HttpMethod.Put, path, body);

    public static RequestStep Apply(string name, string path, string body) => new(name, HttpMethod.Patch, path, body, "application/apply-patch+yaml");

    public static RequestStep Merge(string name, string path, string body) => new(name, HttpMethod.Patch, path, body, "application/merge-patch+json");

    public static RequestStep Strategic(string name, string path, string body) => new(name, HttpMethod.Patch, path, body, "application/strategic-merge-patch+json");

    public static RequestStep JsonPatch(string name, string path, string body) => new(name, HttpMethod.Patch, path, body, "application/json-patch+json");

    public static RequestStep Delete(string name, string path, string? options = null) => new(name, HttpMethod.Delete, path, options);
}
