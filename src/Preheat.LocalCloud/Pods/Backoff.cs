namespace Preheat.LocalCloud.Pods;

/// <summary>Waiting times between attempts, in infrastructure time: 10 s, doubled up to 5 min, as a kubelet waits.</summary>
internal sealed class Backoff
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    /// <summary>A container that ran this long begins with the first waiting time again.</summary>
    public static readonly TimeSpan ResetAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private TimeSpan _next = First;

    /// <summary>There has been an attempt since the last reset.</summary>
    public bool Begun { get; private set; }

    public void Begin() => Begun = true;

    public TimeSpan Next()
    {
        var now = _next;
        _next = now * 2 > Longest ? Longest : now * 2;
        return now;
    }

    public void Reset() => (_next, Begun) = (First, false);
}
