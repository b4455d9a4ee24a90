using System.Reflection;

namespace Nuke.Common.Execution;

/// <summary>0 good; 1 a target failed; 2 bad usage, configuration or input; 3 objectives missed; 130 interrupted.</summary>
internal static class ExitCodes
{
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int ObjectivesMissed = 3;
    public const int Interrupted = 130;

    private static readonly int[] WeakestFirst = [0, ObjectivesMissed, Failed, BadUsage, Interrupted];

    /// <summary>The exit code that the exception, or one that caused it, declares in <c>Data["exit"]</c>; null when none does.</summary>
    public static int? Declared(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e.Data["exit"] is int code)
            {
                return code;
            }
        }

        return null;
    }

    /// <summary>The one that stands for all: 130, 2, 1, 3, 0 in this order; any other code is the build's own and comes before them.</summary>
    public static int Worst(IEnumerable<int> codes) => codes.MaxBy(code => Array.IndexOf(WeakestFirst, code) is >= 0 and var rank ? rank : int.MaxValue);

    /// <summary>What an exception that only passes another on is about.</summary>
    public static Exception Unwrap(Exception exception) => exception switch
    {
        TargetInvocationException { InnerException: { } inner } => Unwrap(inner),
        TypeInitializationException { InnerException: { } inner } => Unwrap(inner),
        AggregateException { InnerExceptions: [var only] } => Unwrap(only),
        _ => exception,
    };
}
