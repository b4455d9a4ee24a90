using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>Keeps the credentials of a kubeconfig user fresh: a token file is read again each minute, a plugin is run again before its answer expires.</summary>
internal sealed class KubeCredentials(KubeUser user, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan FileAge = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PluginTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private (Secret? Token, X509Certificate2? Certificate, DateTimeOffset Until)? _current;

    /// <summary>True when asking again may give something else.</summary>
    public bool CanRefresh => user.TokenFile is not null || (user.Token is null && user.Exec is not null);

    /// <summary>The client certificate to show, once <see cref="TokenAsync"/> has run; null for none.</summary>
    public X509Certificate2? Certificate => user.Certificate ?? _current?.Certificate;

    /// <summary>The bearer token; null when the user has none.</summary>
    /// <exception cref="UserException">The file or the plugin gives none.</exception>
    public async Task<Secret?> TokenAsync(bool refresh, CancellationToken cancellation)
    {
        if (!CanRefresh)
            return user.Token;
        await _gate.WaitAsync(cancellation);
        try
        {
            if (refresh || _current is not { } known || known.Until <= time.GetUtcNow())
                _current = user.TokenFile is { } file ? ReadFile(file) : await RunAsync(user.Exec!, cancellation);
            return _current?.Token;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private (Secret?, X509Certificate2?, DateTimeOffset) ReadFile(string file)
    {
        try
        {
            var token = File.ReadAllText(file).Trim();
            if (token.Length == 0)
                throw new UserException($"The token file {file} of the user '{user.Name}' is empty.");
            return (new Secret(token), null, time.GetUtcNow() + FileAge);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The token file of the user '{user.Name}' cannot be read: {exception.Message}", exception);
        }
    }

    private async Task<(Secret?, X509Certificate2?, DateTimeOffset)> RunAsync(ExecCommand plugin, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(plugin.Command, plugin.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var (name, value) in plugin.Environment)
            start.Environment[name] = value;
        var spec = new JsonObject { ["interactive"] = false };
        if (plugin.Cluster is { } cluster)
            spec["cluster"] = cluster.DeepClone();
        start.Environment["KUBERNETES_EXEC_INFO"] = new JsonObject { ["apiVersion"] = plugin.ApiVersion, ["kind"] = "ExecCredential", ["spec"] = spec }.ToJsonString();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, PluginTimeout, Timeout.InfiniteTimeSpan);
        using var process = Start(start, plugin);
        try
        {
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0)
                throw new UserException($"The credential plugin '{plugin.Command}' of the user '{user.Name}' ended with {process.ExitCode}: {(await errors).Trim()}");
            return Read(output, plugin);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserException($"The credential plugin '{plugin.Command}' of the user '{user.Name}' gave no answer within {PluginTimeout.TotalMinutes} minutes.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private Process Start(ProcessStartInfo start, ExecCommand plugin)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new UserException($"The credential plugin '{plugin.Command}' of the user '{user.Name}' cannot be run: {exception.Message}. {plugin.InstallHint}".TrimEnd(), exception);
        }
    }

    // ExecCredential (kubernetes.io, "client-go credential plugins"): status.token, or a certificate and key; without an expiry it is good until a 401.
    private (Secret?, X509Certificate2?, DateTimeOffset) Read(string output, ExecCommand plugin)
    {
        JsonNode? answer;
        try
        {
            answer = JsonNode.Parse(output);
        }
        catch (JsonException exception)
        {
            throw new UserException($"The credential plugin '{plugin.Command}' of the user '{user.Name}' did not answer with an ExecCredential.", exception);
        }
        if (answer.Text("apiVersion") != plugin.ApiVersion)
            throw new UserException($"The credential plugin '{plugin.Command}' of the user '{user.Name}' answered in {answer.Text("apiVersion") ?? "no version"}, the kubeconfig asks for {plugin.ApiVersion}. Bring the plugin or the kubeconfig up to date.");
        var status = answer.At("status");
        var token = status.Text("token");
        var certificate = status.Text("clientCertificateData") is { } pem && status.Text("clientKeyData") is { } key
            ? Kubeconfig.ClientCertificate(pem, key, $"The certificate that the credential plugin '{plugin.Command}' gave")
            : null;
        if (token is null && certificate is null)
            throw new UserException($"The credential plugin '{plugin.Command}' of the user '{user.Name}' gave neither a token nor a certificate.");
        var until = status.Text("expirationTimestamp") is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expiry)
            ? expiry - Margin
            : DateTimeOffset.MaxValue;
        return (token is null ? null : new Secret(token), certificate, until);
    }
}
