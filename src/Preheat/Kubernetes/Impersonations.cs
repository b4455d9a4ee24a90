using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>Whom a kubeconfig's user acts as (kubernetes.io, "User impersonation"; client-go, tools/clientcmd/api: <c>as</c>, <c>as-uid</c>, <c>as-groups</c>, <c>as-user-extra</c>).</summary>
internal static class Impersonations
{
    /// <summary>The headers.</summary>
    /// <exception cref="UserException">A header would be needed more than once.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(YamlMap user, string name)
    {
        var headers = new List<KeyValuePair<string, string>>();
        if (user.Text("as") is { } other)
            headers.Add(new("Impersonate-User", other));
        if (user.Text("as-uid") is { } uid)
            headers.Add(new("Impersonate-Uid", uid));
        Add(user, "as-groups", "Impersonate-Group");
        if (user["as-user-extra"] is YamlMap extras)
        {
            foreach (var extra in extras.Entries)
                Add(extras, extra.Key, "Impersonate-Extra-" + Uri.EscapeDataString(extra.Key));
        }
        return headers;

        void Add(YamlMap map, string key, string header)
        {
            var values = map.Items(key).OfType<YamlScalar>().Select(value => value.Text).ToList();
            // The API server reads one value per header line, and .NET's HTTP client writes several into one line, with commas: that would be one group of a strange name.
            if (values.Count > 1)
                throw new UserException($"{map[key]!.At}: the user '{name}' acts with {values.Count} values of {key} ({string.Join(", ", values)}); only one can be sent. Keep the one that has the rights, or bind them to one group.");
            headers.AddRange(values.Select(value => KeyValuePair.Create(header, value)));
        }
    }
}
