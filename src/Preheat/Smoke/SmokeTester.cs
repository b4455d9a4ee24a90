using Preheat.Runs;

namespace Preheat.Smoke;

/// <summary>Tries each interface of an endpoint once: those of its server. A failing check does not stop the others.</summary>
public static class SmokeTester
{
    /// <summary>A cheap look whether the endpoint still answers <c>/health</c>; false when it cannot be reached.</summary>
    public static async Task<bool> IsHealthyAsync(SmokeRequest request, CancellationToken cancellation)
    {
        try
        {
            using var answer = await request.Client.GetAsync(new Uri(request.BaseAddress, "health"), HttpCompletionOption.ResponseHeadersRead, cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <exception cref="SmokeTestFailedException">A check failed; it carries the report.</exception>
    public static async Task<SmokeReport> RunAsync(SmokeRequest request, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var run = new SmokeRun(request, events, time, cancellation);
        await run.CheckAsync("/health answers 200", HealthAsync);
        await (request switch
        {
            { Server: "tgi" } => TgiSmoke.RunAsync(run),
            { Api: "generate" } => GenerateSmoke.RunAsync(run),
            _ => OpenAiSmoke.RunAsync(run),
        });
        var report = run.Report();
        return report.Passed ? report : throw new SmokeTestFailedException(report);
    }

    private static async Task<string> HealthAsync(SmokeRun run)
    {
        await run.GetAsync("health", 200);
        return "200";
    }
}
