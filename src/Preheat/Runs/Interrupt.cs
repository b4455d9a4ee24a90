using System.Runtime.InteropServices;

namespace Preheat.Runs;

/// <summary>
/// Owns INT, TERM and HUP: the first signal cancels <see cref="Token"/>, a second one exits with 130 at once. Cleaning up has a limit:
/// a run that has not ended <see cref="Limit"/> after the first signal exits with 130 too.
/// </summary>
public sealed class Interrupt : IDisposable
{
    /// <summary>How long a run may clean up.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _say;
    private readonly TimeProvider _time;
    private readonly Action _exit;
    private ITimer? _limit;
    private int _signals;

    /// <param name="say">Takes the line for the user.</param>
    /// <param name="exit">Ends the process at once; null for <c>Environment.Exit(130)</c>.</param>
    public Interrupt(Action<string> say, TimeProvider time, Action? exit = null)
    {
        _say = say;
        _time = time;
        _exit = exit ?? (() => Environment.Exit(130));
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Signal();
            }));
    }

    /// <summary>Cancelled by the first signal; every step gets it.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>True once a signal came.</summary>
    public bool Requested => Volatile.Read(ref _signals) > 0;

    /// <summary>What a signal does; also for tests.</summary>
    public void Signal()
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            _exit();
            return;
        }
        _say("Interrupted: stopping what runs. Press Ctrl+C again to exit at once.");
        _limit = _time.CreateTimer(_ => _exit(), null, Limit, Timeout.InfiniteTimeSpan);
        _source.Cancel();
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _limit?.Dispose();
        _source.Dispose();
    }
}

/// <summary>The run was interrupted: exit code 130.</summary>
public sealed class InterruptedException(string target) : PreheatException($"{target} was interrupted. Run the same command again to continue.", 130);
