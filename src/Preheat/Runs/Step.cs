using System.Text.Json;

namespace Preheat.Runs;

/// <summary>What a step depends on.</summary>
/// <param name="Target">Name of the target; its receipt is <c>TARGET.json</c>.</param>
/// <param name="Version">Raised when the step makes something else from the same inputs.</param>
/// <param name="Fields">The fields of the deployment that the step reads; never times, ports, tokens, time-scale.</param>
/// <param name="Needs">Targets whose receipts it reads.</param>
public sealed record StepInputs(string Target, int Version, object Fields, params string[] Needs);

/// <summary>Runs one step with its receipt: current and still there → <c>up to date</c>; otherwise made, and the receipt written last.</summary>
public static class Step
{
    /// <summary>Runs a step whose result stays true until its inputs change.</summary>
    /// <param name="probe">A cheap look whether what the receipt describes still exists; null means it always does.</param>
    public static async Task<T> RunAsync<T>(
        StepContext context,
        StepInputs inputs,
        Func<T, CancellationToken, Task<bool>>? probe,
        Func<CancellationToken, Task<T>> make,
        CancellationToken cancellation)
        where T : class
    {
        var started = context.Time.GetUtcNow();
        var fingerprint = FingerprintOf(context.Receipts, inputs);
        var (reason, current) = Judge<T>(context.Receipts.Read(inputs.Target), fingerprint);
        if (current is not null)
        {
            if (probe is null || await GuardAsync(context, inputs.Target, "is it still there?", started, () => probe(current, cancellation), cancellation))
                return UpToDate(context, inputs.Target, started, current);
            reason = "what the receipt describes is gone or has changed";
        }
        context.Events.Emit(new Note($"{inputs.Target} runs: {reason}."));
        return await MakeAsync(context, inputs.Target, fingerprint, started, reason, make, cancellation);
    }

    /// <summary>Runs a step that asks again every time (a moving reference, a measurement); the same answer as before counts as up to date.</summary>
    public static async Task<T> RefreshAsync<T>(
        StepContext context,
        StepInputs inputs,
        Func<CancellationToken, Task<T>> make,
        CancellationToken cancellation)
        where T : class
    {
        var started = context.Time.GetUtcNow();
        var fingerprint = FingerprintOf(context.Receipts, inputs);
        var receipt = context.Receipts.Read(inputs.Target);
        var output = await GuardAsync(context, inputs.Target, "asked every time", started, () => make(cancellation), cancellation);
        if (receipt?.Fingerprint == fingerprint && receipt.OutputFingerprint == OutputFingerprintOf(output))
            return UpToDate(context, inputs.Target, started, output);
        return await MakeAsync(context, inputs.Target, fingerprint, started, receipt is null ? "no receipt yet" : "the answer has changed", _ => Task.FromResult(output), cancellation);
    }

    /// <summary>Why a target would run or not, from receipts alone, without network: for <c>--plan</c>.</summary>
    public static string Explain(ReceiptStore receipts, StepInputs inputs)
    {
        if (Array.Find(inputs.Needs, need => receipts.Read(need) is null) is not null)
            return "decided when it runs";
        var (reason, current) = Judge<JsonDocument>(receipts.Read(inputs.Target), FingerprintOf(receipts, inputs));
        return current is null ? "runs: " + reason : "up to date, if what it made still exists";
    }

    internal static (string Reason, T? Current) Judge<T>(Receipt? receipt, string fingerprint) where T : class
    {
        if (receipt is null)
            return ("no receipt yet", null);
        if (receipt.Fingerprint != fingerprint)
            return ("its inputs have changed", null);
        try
        {
            return receipt.Output.Deserialize<T>(ReceiptStore.Json) is { } output ? ("", output) : ("the receipt is empty", null);
        }
        catch (JsonException)
        {
            return ("the receipt cannot be read", null);
        }
    }

    private static T UpToDate<T>(StepContext context, string target, DateTimeOffset started, T output)
    {
        context.Events.Emit(new Note($"{target} is up to date."));
        context.Add(target, StepResult.UpToDate, "up to date", started);
        return output;
    }

    private static async Task<T> MakeAsync<T>(
        StepContext context,
        string target,
        string fingerprint,
        DateTimeOffset started,
        string reason,
        Func<CancellationToken, Task<T>> make,
        CancellationToken cancellation)
        where T : class
    {
        var output = await GuardAsync(context, target, reason, started, () => make(cancellation), cancellation);
        if (context.Receipts.DryRun is { } dryRun && dryRun.IsUndecided(target))
            throw Undecided(context, target);
        var finished = context.Time.GetUtcNow();
        context.Receipts.Put(new Receipt
        {
            Schema = Receipt.CurrentSchema,
            Target = target,
            Fingerprint = fingerprint,
            OutputFingerprint = OutputFingerprintOf(output),
            StartedAt = started,
            FinishedAt = finished,
            Output = JsonSerializer.SerializeToElement(output, ReceiptStore.Json),
        });
        context.Add(target, StepResult.Made, reason, started);
        return output;
    }

    /// <summary>A step that fails or is interrupted is part of the run's record too.</summary>
    private static async Task<T> GuardAsync<T>(
        StepContext context, string target, string reason, DateTimeOffset started, Func<Task<T>> work, CancellationToken cancellation)
    {
        try
        {
            return await work();
        }
        catch (UndecidedException)
        {
            throw Undecided(context, target);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            context.Add(target, StepResult.Interrupted, reason, started);
            throw;
        }
        catch (Exception exception)
        {
            context.Add(target, StepResult.Failed, reason, started, exception);
            throw;
        }
    }

    /// <summary>In a dry run: the step would run, and only then would its result be known.</summary>
    private static UndecidedException Undecided(StepContext context, string target)
    {
        context.Receipts.DryRun!.Write(Path.Combine(context.Receipts.Directory, target + ".json"), "the receipt");
        return context.Receipts.DryRun.Undecided(isTold: true);
    }

    internal static string FingerprintOf(ReceiptStore receipts, StepInputs inputs) => Fingerprint.Of(new
    {
        schema = Receipt.CurrentSchema,
        target = inputs.Target,
        version = inputs.Version,
        fields = inputs.Fields,
        needs = inputs.Needs.ToDictionary(need => need, need => receipts.Read(need)?.OutputFingerprint ?? "none"),
    });

    internal static string OutputFingerprintOf(object output) => Fingerprint.Of(output is IStepOutput identified ? identified.Identity : output);
}
