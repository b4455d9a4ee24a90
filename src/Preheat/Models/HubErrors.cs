using System.Net;
using System.Text.Json;
using Preheat.Http;
using Preheat.Runs;

namespace Preheat.Models;

/// <summary>Tells the hub's refusals apart by their <c>X-Error-Code</c> (huggingface_hub, <c>utils/_http.py</c>: <c>hf_raise_for_status</c>).</summary>
internal static class HubErrors
{
    public static async Task<PreheatException> ReadAsync(
        HttpResponseMessage response, Uri hub, string id, string? revision, string? path, bool withToken, TimeProvider time, CancellationToken cancellation)
    {
        var code = Header(response, "X-Error-Code");
        var told = Header(response, "X-Error-Message") ?? Message(await OriginClient.ReadErrorAsync(response, cancellation));
        var page = new Uri(hub, id).AbsoluteUri;
        var quote = string.IsNullOrWhiteSpace(told) ? "" : $" ({hub.Host} says: {Clean(told)})";
        const string giveToken = "pass a token with --hf-token or HF_TOKEN";
        switch (code, response.StatusCode)
        {
            case ("GatedRepo", _):
                return new UserException(withToken
                    ? $"The model {id} is gated and the token's account may not read it. Open {page}, accept its terms with that account, then run again.{quote}"
                    : $"The model {id} is gated. Open {page}, accept its terms, and {giveToken}.{quote}");
            // A token that the hub does not know, before anything is said about the repository.
            case (_, HttpStatusCode.Unauthorized) when withToken:
                return new UserException($"{hub.Host} refuses the token (401) for {id}: it is not valid, or no longer. Make a new one with read access, and {giveToken}.{quote}");
            case ("RevisionNotFound", _):
                return new UserException($"The model {id} has no revision '{revision ?? "main"}' on {hub.Host}. Look up its branches, tags and commits at {page}.");
            case ("EntryNotFound", _):
                return new UserException($"The model {id} has no file {path} at revision {revision}. Run ResolveModel again; if it stays, choose another revision.");
            // Without a token the hub answers 401 for a repository that does not exist, so as not to betray private ones.
            case ("RepoNotFound", _):
                return new UserException(withToken
                    ? $"There is no model {id} on {hub.Host} that the token may see. Check the spelling at {page}, and the token's account."
                    : $"There is no public model {id} on {hub.Host}. Check the spelling at {page}; if it is private, {giveToken}.");
            case (_, HttpStatusCode.Unauthorized):
                return new UserException($"{hub.Host} wants a token (401) for {id}: {giveToken}.{quote}");
            case (_, HttpStatusCode.Forbidden):
                return new UserException($"{hub.Host} forbids {id} (403). Check at {page} what the {(withToken ? "token's account" : "public")} may read.{quote}");
            case (_, HttpStatusCode.NotFound):
                return new UserException($"{hub.Host} does not know {path ?? id}{(path is null ? "" : $" of {id}")} (404). Check the spelling at {page}, and HF_ENDPOINT.{quote}");
            case (_, HttpStatusCode.TooManyRequests):
                var wait = HttpPipeline.AskedWait(response, time) is { } asked ? $"Wait {Spans.Text(asked)}" : "Wait some minutes";
                return new PreheatException($"{hub.Host} limits requests (429) and up to {HttpPipeline.Retries + 1} tries did not pass. {wait}, or {(withToken ? "use an account with a higher limit" : $"{giveToken} for a higher limit")}.{quote}");
            default:
                var status = (int)response.StatusCode;
                return HttpPipeline.IsTransient(response.StatusCode)
                    ? new PreheatException($"{hub.Host} answered {status} for {id} at {HttpPipeline.Retries + 1} tries. Run the step again later.{quote}")
                    : new PreheatException($"{hub.Host} answered {status} for {id}. Check HF_ENDPOINT.{quote}");
        }
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static string? Message(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error) ? error.ToString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Clean(string text) => new([.. text.Take(300).Select(character => char.IsControl(character) ? ' ' : character)]);
}
