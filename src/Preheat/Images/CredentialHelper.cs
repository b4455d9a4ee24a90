using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Preheat.Images;

/// <summary>Asks a <c>docker-credential-NAME</c> program for a credential.</summary>
/// <remarks>
/// docker-credential-helpers, "Development": <c>get</c>, the server's address on standard input, JSON <c>{ServerURL, Username, Secret}</c> on standard output; the user
/// name <c>&lt;token&gt;</c> marks an identity token. What the program prints is never shown: it may hold the secret.
/// </remarks>
internal static partial class CredentialHelper
{
    private const int LongestAnswer = 256 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <returns>Null when the helper knows no credential for the server.</returns>
    /// <exception cref="UserException">The program is missing, fails, or does not answer in 30 seconds.</exception>
    public static async Task<RegistryCredential?> GetAsync(string helper, string server, string configuredIn, TimeProvider time, CancellationToken cancellation)
    {
        // A name and nothing else: it becomes part of a program's name.
        if (!Name().IsMatch(helper))
            throw new UserException($"{configuredIn} names the credential helper '{helper}', which is no name of a program. Repair the file.");
        var program = $"docker-credential-{helper}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, Limit, Timeout.InfiniteTimeSpan);
        using var process = Start(program, configuredIn);
        try
        {
            var errors = ReadAsync(process.StandardError, limit.Token);
            await SendAsync(process, server, limit.Token);
            var answer = await ReadAsync(process.StandardOutput, limit.Token);
            await errors;
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode == 0)
                return Read(answer, program);
            // The helpers' one agreed text; everything else is a failure.
            return answer.Contains("credentials not found", StringComparison.OrdinalIgnoreCase)
                ? null
                : throw new UserException($"{program}, named in {configuredIn}, failed for {server} with exit code {process.ExitCode}. Try `echo {server} | {program} get`, or log in again.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserException($"{program}, named in {configuredIn}, gave no answer for {server} within {Limit.TotalSeconds:0} seconds. Unlock the credential store, or take the helper out of the file.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(string program, string configuredIn)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, ["get"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        }
        catch (Win32Exception exception)
        {
            throw new UserException($"{configuredIn} names the credential helper {program}, which cannot be run: {exception.Message}. Install it, or take it out of the file.", exception);
        }
    }

    private static async Task SendAsync(Process process, string server, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(server.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code and output tell.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var buffer = new char[LongestAnswer];
        var length = await reader.ReadBlockAsync(buffer, cancellation);
        return new string(buffer, 0, length);
    }

    private static RegistryCredential? Read(string answer, string program)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            var user = document.RootElement.GetProperty("Username").GetString();
            var secret = document.RootElement.GetProperty("Secret").GetString();
            return string.IsNullOrEmpty(secret) ? null : new RegistryCredential(user is null or "<token>" ? "" : user, new Secret(secret));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new UserException($"{program} did not answer with a credential. Check its version, or take it out of docker's config.json.");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
