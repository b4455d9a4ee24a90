using System.Net;
using System.Text.Json;
using Preheat.Http;

namespace Preheat.Images;

/// <summary>Turns a registry's refusal into a message (distribution specification, "Error Codes").</summary>
internal static class RegistryErrors
{
    /// <param name="host">Logical host.</param>
    /// <param name="what">What was asked for: <c>manifest v1</c>, <c>blob sha256:…</c>.</param>
    public static async Task<PreheatException> ReadAsync(HttpResponseMessage response, string host, string repository, string what, CancellationToken cancellation)
    {
        var told = Told(await OriginClient.ReadErrorAsync(response, cancellation));
        var quote = told is null ? "" : $" ({host} says: {told})";
        var place = $"{host}/{repository}";
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new UserException($"{host} wants a log-in (401) for {repository}. Log in with `docker login {host}` or check the credentials in Docker's config.json.{quote}"),
            HttpStatusCode.Forbidden => new UserException($"{host} forbids {what} in {repository} (403). Give the account read and write access to it, or name another --repository.{quote}"),
            HttpStatusCode.NotFound => new UserException($"{place} has no {what} (404). Check host, name and tag of the image.{quote}"),
            HttpStatusCode.RequestEntityTooLarge => new UserException($"{what} is larger than {host} takes in {repository} (413). Raise the registry's limit (or that of a proxy before it), or name another --repository.{quote}"),
            var status when HttpPipeline.IsTransient(status) => new PreheatException($"{host} answered {(int)status} to {what} of {repository} at {HttpPipeline.Retries + 1} tries. Run the step again later.{quote}"),
            var status => new PreheatException($"{host} answered {(int)status} to {what} of {repository}. Check that it is a container registry.{quote}"),
        };
    }

    private static string? Told(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var errors = document.RootElement.GetProperty("errors").EnumerateArray()
                .Select(error => $"{Text(error, "code")}: {Text(error, "message")}");
            var text = string.Join("; ", errors);
            return text.Length == 0 ? null : new string([.. text.Take(300).Select(character => char.IsControl(character) ? ' ' : character)]);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Text(JsonElement error, string name) => error.TryGetProperty(name, out var value) ? value.ToString() : "";
}
