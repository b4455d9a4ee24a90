namespace Preheat.Kubernetes;

/// <summary>The verdict over a roll-out: it failed, and the message has the evidence. Only this is a reason to go back to an earlier revision.</summary>
public sealed class RolloutFailedException(string message, Exception? inner = null) : PreheatException(message, inner);
