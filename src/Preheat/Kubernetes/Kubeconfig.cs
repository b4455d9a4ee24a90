using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>One context of a kubeconfig, resolved: where the API server is, whom to trust, who we are.</summary>
internal sealed record KubeContext
{
    public required string Name { get; init; }

    /// <summary>File that defines the context, for messages.</summary>
    public required string File { get; init; }

    public required Uri Server { get; init; }

    public string? Namespace { get; init; }

    /// <summary>Certificates trusted for this cluster; null means those of the system.</summary>
    public X509Certificate2Collection? Authority { get; init; }

    public bool SkipTlsVerify { get; init; }

    /// <summary>Name checked in the server's certificate instead of the host.</summary>
    public string? TlsServerName { get; init; }

    public Uri? Proxy { get; init; }

    public required KubeUser User { get; init; }
}

/// <summary>How to prove who we are. As in kubectl a token file comes before a token, and a token before a plugin.</summary>
internal sealed record KubeUser
{
    public required string Name { get; init; }

    public Secret? Token { get; init; }

    /// <summary>File that holds a token and may be rewritten at any time.</summary>
    public string? TokenFile { get; init; }

    public X509Certificate2? Certificate { get; init; }

    public ExecCommand? Exec { get; init; }

    /// <summary>Headers that act as somebody else (kubernetes.io, "User impersonation"): <c>Impersonate-User</c> and others.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Impersonation { get; init; } = [];
}

/// <summary>A credential plugin: <c>client.authentication.k8s.io</c>.</summary>
/// <param name="Cluster">What the plugin is told of the cluster, with <c>provideClusterInfo</c>; null tells nothing.</param>
internal sealed record ExecCommand(
    string ApiVersion,
    string Command,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string? InstallHint,
    JsonObject? Cluster);

/// <summary>Reads kubeconfig files (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").</summary>
internal static class Kubeconfig
{
    /// <summary>The context of <paramref name="endpoints"/>: from its file, else from <c>KUBECONFIG</c> (a list) or <c>~/.kube/config</c>.</summary>
    /// <exception cref="UserException">There is no such file or context, or it is not understood.</exception>
    /// <remarks><see cref="KubeContexts.InCluster"/> names the service account of the pod that this runs in, which is also used where no context is named and there is no such file.</remarks>
    public static KubeContext Resolve(CloudEndpoints endpoints) => Resolve(endpoints, ServiceAccountContext.Find);

    /// <param name="inPod">The pod's service account; null outside a pod.</param>
    internal static KubeContext Resolve(CloudEndpoints endpoints, Func<KubeContext?> inPod)
    {
        var files = FilesOf(endpoints);
        if (endpoints is { Kubeconfig: null, KubeContext: KubeContexts.InCluster })
            return inPod() ?? throw new UserException($"--kube-context {KubeContexts.InCluster} is for a run in a pod, with its service account's token mounted (automountServiceAccountToken), and this is none. Name a context of your kubeconfig instead.");
        return endpoints is { Kubeconfig: null, KubeContext: null } && !files.Any(File.Exists) && inPod() is { } account ? account : Resolve(files, endpoints.KubeContext);
    }

    /// <summary>Resolves one context over several files. In a list, the first file that has a value wins and absent files are passed over.</summary>
    public static KubeContext Resolve(IReadOnlyList<string> files, string? contextName)
    {
        var configs = files.Where(File.Exists).Select(file => new ConfigFile(file)).ToList();
        if (configs.Count == 0)
            throw new UserException($"There is no kubeconfig: {string.Join(", ", files)}. For GKE run: gcloud container clusters get-credentials CLUSTER --location REGION. In a pod, --kube-context {KubeContexts.InCluster} takes its service account.");
        var all = string.Join(", ", configs.Select(config => config.Path));
        var name = contextName ?? configs.Select(config => config.Root.Text("current-context")).FirstOrDefault(text => text is not null)
            ?? throw new UserException($"The kubeconfig {all} has no current context. Choose one with --kube-context: {NamesOf(configs, "contexts")}.");
        var (file, context) = Find(configs, "contexts", "context", name)
            ?? throw new UserException($"The kubeconfig {all} has no context '{name}'. It has: {NamesOf(configs, "contexts")}. Choose one with --kube-context.");
        var clusterName = context.Text("cluster") ?? throw new UserException($"{context.At}: the context '{name}' names no cluster.");
        var (clusterFile, cluster) = Find(configs, "clusters", "cluster", clusterName)
            ?? throw new UserException($"{context.At}: the context '{name}' names the cluster '{clusterName}', which is not there. There are: {NamesOf(configs, "clusters")}.");
        return new()
        {
            Name = name,
            File = file.Path,
            Server = AddressOf(cluster, clusterName),
            Namespace = context.Text("namespace"),
            Authority = AuthorityOf(clusterFile, cluster),
            SkipTlsVerify = cluster.Text("insecure-skip-tls-verify") is "true",
            TlsServerName = cluster.Text("tls-server-name"),
            Proxy = ProxyOf(cluster),
            User = UserOf(configs, context, clusterFile, cluster),
        };
    }

    private static IReadOnlyList<string> FilesOf(CloudEndpoints endpoints)
    {
        if (endpoints.Kubeconfig is { } file)
            return [file];
        var list = Environment.GetEnvironmentVariable("KUBECONFIG")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return list is { Length: > 0 } ? list : [Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config")];
    }

    private static (ConfigFile File, YamlMap Value)? Find(IEnumerable<ConfigFile> configs, string list, string part, string name)
    {
        foreach (var config in configs)
        {
            var entry = config.Root.Items(list).OfType<YamlMap>().FirstOrDefault(entry => entry.Text("name") == name);
            if (entry is not null)
                return (config, entry[part] as YamlMap ?? new YamlMap(entry.At, []));
        }
        return null;
    }

    private static string NamesOf(IEnumerable<ConfigFile> configs, string list) =>
        string.Join(", ", configs.SelectMany(config => config.Root.Items(list).OfType<YamlMap>()).Select(entry => entry.Text("name")).Distinct(StringComparer.Ordinal).DefaultIfEmpty("(none)"));

    private static Uri AddressOf(YamlMap cluster, string name)
    {
        var text = cluster.Text("server") ?? throw new UserException($"{cluster.At}: the cluster '{name}' has no server address.");
        if (!Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
            throw new UserException($"{cluster["server"]!.At}: '{text}' is no address of an API server; write https://HOST:PORT.");
        return address;
    }

    private static Uri? ProxyOf(YamlMap cluster)
    {
        if (cluster.Text("proxy-url") is not { Length: > 0 } text)
            return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5"
            ? proxy
            : throw new UserException($"{cluster["proxy-url"]!.At}: '{(text.LastIndexOf('@') is >= 0 and var at ? "***" + text[at..] : text)}' is no proxy; write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT.");
    }

    private static X509Certificate2Collection? AuthorityOf(ConfigFile file, YamlMap cluster)
    {
        if (file.Data(cluster, "certificate-authority") is not { } pem)
            return null;
        return AuthorityOf(pem, $"{cluster.At}: the cluster's certificate authority");
    }

    /// <summary>The certificates of a PEM text.</summary>
    public static X509Certificate2Collection AuthorityOf(string pem, string what)
    {
        var authority = new X509Certificate2Collection();
        try
        {
            authority.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw new UserException($"{what} is no PEM certificate: {exception.Message}", exception);
        }
        return authority.Count > 0 ? authority : throw new UserException($"{what} holds no PEM certificate.");
    }

    private static KubeUser UserOf(IReadOnlyList<ConfigFile> configs, YamlMap context, ConfigFile clusterFile, YamlMap cluster)
    {
        if (context.Text("user") is not { } name)
            return new() { Name = "(anonymous)" };
        var (file, user) = Find(configs, "users", "user", name)
            ?? throw new UserException($"{context.At}: the context names the user '{name}', which is not there. There are: {NamesOf(configs, "users")}.");
        if (user["auth-provider"] is { } provider)
            throw new UserException($"{provider.At}: the user '{name}' has an auth-provider, which Kubernetes 1.26 removed. For GKE install gke-gcloud-auth-plugin and run: gcloud container clusters get-credentials CLUSTER --location REGION");
        if (user["username"] is { } basic)
            throw new UserException($"{basic.At}: the user '{name}' has a password, which Kubernetes 1.19 removed. Use a token, a client certificate or a credential plugin.");
        return new()
        {
            Name = name,
            Token = user.Text("token") is { } token ? new Secret(token) : null,
            TokenFile = user.Text("tokenFile") is { } path ? file.Absolute(path) : null,
            Certificate = CertificateOf(file, user, name),
            Exec = user["exec"] is YamlMap exec ? ExecOf(file, exec, name, clusterFile, cluster) : null,
            Impersonation = Impersonations.Of(user, name),
        };
    }

    private static X509Certificate2? CertificateOf(ConfigFile file, YamlMap user, string name)
    {
        var certificate = file.Data(user, "client-certificate");
        var key = file.Data(user, "client-key");
        if (certificate is null && key is null)
            return null;
        if (certificate is null || key is null)
            throw new UserException($"{user.At}: the user '{name}' needs both a client-certificate and a client-key.");
        return ClientCertificate(certificate, key, $"{user.At}: the client certificate of the user '{name}'");
    }

    /// <summary>A certificate with its key, in the form the platform's TLS takes.</summary>
    public static X509Certificate2 ClientCertificate(string certificate, string key, string what)
    {
        try
        {
            var read = X509Certificate2.CreateFromPem(certificate, key);
            if (!OperatingSystem.IsWindows())
                return read;
            // Windows cannot use a key that lives in memory only.
            using (read)
                return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new UserException($"{what} cannot be used: {exception.Message}", exception);
        }
    }

    private static ExecCommand ExecOf(ConfigFile file, YamlMap exec, string user, ConfigFile clusterFile, YamlMap cluster)
    {
        var command = exec.Text("command") ?? throw new UserException($"{exec.At}: the credential plugin of the user '{user}' has no command.");
        var version = exec.Text("apiVersion");
        if (version is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
            throw new UserException($"{exec.At}: the credential plugin of the user '{user}' speaks {version ?? "no version"}; client.authentication.k8s.io/v1 and v1beta1 are understood.");
        if (exec.Text("interactiveMode") is "Always")
            throw new UserException($"{exec["interactiveMode"]!.At}: the credential plugin of the user '{user}' wants to ask a person (interactiveMode: Always). Use one that does not have to, such as a service account's token.");
        // A command with a slash is relative to the file that names it; a bare one is found on PATH.
        return new(
            version,
            command.Contains('/', StringComparison.Ordinal) ? file.Absolute(command) : command,
            [.. exec.Items("args").OfType<YamlScalar>().Select(argument => argument.Text)],
            exec.Items("env").OfType<YamlMap>().Where(entry => entry.Text("name") is not null).ToDictionary(entry => entry.Text("name")!, entry => entry.Text("value") ?? "", StringComparer.Ordinal),
            exec.Text("installHint"),
            exec.Text("provideClusterInfo") is "true" ? InfoOf(clusterFile, cluster) : null);
    }

    // client-authentication v1, "Cluster": the cluster's own fields, and the extension that is meant for the plugin.
    private static JsonObject InfoOf(ConfigFile file, YamlMap cluster)
    {
        var info = new JsonObject { ["server"] = cluster.Text("server") };
        if (cluster.Text("tls-server-name") is { } name)
            info["tls-server-name"] = name;
        if (cluster.Text("insecure-skip-tls-verify") is "true")
            info["insecure-skip-tls-verify"] = true;
        if (file.Data(cluster, "certificate-authority") is { } authority)
            info["certificate-authority-data"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(authority));
        if (cluster.Text("proxy-url") is { } proxy)
            info["proxy-url"] = proxy;
        if (cluster.Items("extensions").OfType<YamlMap>().FirstOrDefault(entry => entry.Text("name") == "client.authentication.k8s.io/exec")?["extension"] is { } extension)
            info["config"] = extension.ToJson();
        return info;
    }

    private sealed class ConfigFile
    {
        public ConfigFile(string path)
        {
            Path = System.IO.Path.GetFullPath(path);
            Root = YamlReader.ReadFile(Path, Path, strict: false) switch
            {
                [YamlMap map] => map,
                [] => new YamlMap(new(Path, 1), []),
                _ => throw new UserException($"{Path} is no kubeconfig: it holds one mapping."),
            };
        }

        public string Path { get; }

        public YamlMap Root { get; }

        public string Absolute(string path) => System.IO.Path.GetFullPath(path, System.IO.Path.GetDirectoryName(Path)!);

        /// <summary>PEM text under <c>KEY-data</c> (base64), else in the file named by <c>KEY</c>; null when neither is there.</summary>
        public string? Data(YamlMap map, string key)
        {
            try
            {
                if (map.Text(key + "-data") is { } data)
                    return Encoding.ASCII.GetString(Convert.FromBase64String(data));
                return map.Text(key) is { } path ? File.ReadAllText(Absolute(path)) : null;
            }
            catch (FormatException exception)
            {
                throw new UserException($"{map[key + "-data"]!.At}: {key}-data is not base64.", exception);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new UserException($"{map[key]!.At}: {key} cannot be read: {exception.Message}", exception);
            }
        }
    }
}
