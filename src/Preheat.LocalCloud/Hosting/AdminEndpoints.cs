using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Faults;

namespace Preheat.LocalCloud.Hosting;

/// <summary><c>/admin/</c>: health, stop, the requests so far and the fault script, for whoever holds the admin token.</summary>
internal sealed class AdminEndpoints(string token, string buildHash, FaultScript faults, RequestCounter requests, Action stop)
{
    private const int MaximumBody = 64 * 1024;

    /// <summary>By reflection: the generated serializer would lose the defaults of properties that a rule leaves out.</summary>
    private static readonly JsonSerializerOptions FaultForm = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private readonly byte[] _expected = Encoding.UTF8.GetBytes($"Bearer {token}");

    public async Task HandleAsync(HttpContext context)
    {
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), _expected))
        {
            context.Response.StatusCode = 401;
            return;
        }

        switch (context.Request.Method, context.Request.Path.Value)
        {
            case ("GET", "/admin/health"):
                await JsonAnswer.SendAsync(context, new JsonObject { ["pid"] = Environment.ProcessId, ["buildHash"] = buildHash });
                break;
            case ("GET", "/admin/requests"):
                await JsonAnswer.SendAsync(context, requests.ToJson());
                break;
            case ("POST", "/admin/stop"):
                context.Response.StatusCode = 202;
                await context.Response.CompleteAsync();
                stop();
                break;
            case ("POST", "/admin/faults"):
                await AddFaultAsync(context);
                break;
            case ("DELETE", "/admin/faults"):
                faults.Clear();
                context.Response.StatusCode = 204;
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private async Task AddFaultAsync(HttpContext context)
    {
        try
        {
            var body = new byte[MaximumBody];
            var length = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, context.RequestAborted);
            faults.Add(JsonSerializer.Deserialize<FaultRule>(body.AsSpan(0, length), FaultForm)!);
            context.Response.StatusCode = 204;
        }
        catch (JsonException error)
        {
            context.Response.StatusCode = 400;
            await JsonAnswer.SendAsync(context, new JsonObject { ["error"] = error.Message });
        }
    }
}
