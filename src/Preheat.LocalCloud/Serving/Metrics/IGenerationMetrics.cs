namespace Preheat.LocalCloud.Serving.Metrics;

/// <summary>Where the seconds of one generation went.</summary>
internal sealed record GenerationTimes(double Queue, double Prefill, double Decode, double EndToEnd)
{
    /// <summary>On the accelerators.</summary>
    public double Inference => Prefill + Decode;
}

/// <summary>Hears what becomes of generations, to count it. Thread-safe.</summary>
internal interface IGenerationMetrics
{
    /// <param name="queued">Seconds before its first iteration.</param>
    void OnStarted(double queued);

    /// <param name="promptTokens">Tokens of the prompt, with the first token; null with each later one.</param>
    /// <param name="seconds">Since its arrival for the first token, since the token before for each later one.</param>
    void OnToken(int? promptTokens, double seconds);

    /// <param name="reason"><c>stop</c> or <c>length</c>.</param>
    /// <param name="tokens">Tokens of the answer.</param>
    void OnFinished(string reason, int tokens, GenerationTimes times);

    void OnAborted();
}
