namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>A number of replicas after rate or window, with the reason and message of its condition.</summary>
internal readonly record struct Settled(int Replicas, string Reason, string Message);

/// <summary>
/// What one autoscaler recommended and did: bounds the next step by windows and rates, as <c>normalizeDesiredReplicas[WithBehaviors]</c> of
/// Kubernetes' controller does. Times are the modelled ones; <paramref name="scale"/> makes real ones of them.
/// </summary>
internal sealed class ScalingHistory(Func<TimeSpan, TimeSpan> scale)
{
    private static readonly Settled Within = new(0, "DesiredWithinRange", "the desired count is within the acceptable range");
    private static readonly Settled TooFew = new(0, "TooFewReplicas", "the desired replica count is less than the minimum replica count");
    private static readonly Settled TooMany = new(0, "TooManyReplicas", "the desired replica count is more than the maximum replica count");
    private static readonly Settled UpLimit = new(0, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
    private static readonly Settled DownLimit = new(0, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly List<(DateTimeOffset Time, int Replicas)> _recommendations = [];
    private readonly List<(DateTimeOffset Time, int Change)> _changes = [];

    /// <summary>The first number seen is a recommendation too: a controller that starts must not shrink at once.</summary>
    public void Begin(DateTimeOffset now, int current)
    {
        if (_recommendations.Count == 0)
        {
            _recommendations.Add((now, current));
        }
    }

    public void Scaled(DateTimeOffset now, int from, int to) => _changes.Add((now, to - from));

    /// <summary>
    /// Takes the lowest of the recent recommendations to grow, the highest to shrink; without a behaviour (<paramref name="plain"/>) always the
    /// highest.
    /// </summary>
    public Settled Stabilise(DateTimeOffset now, int current, int desired, ScalingRules up, ScalingRules down, bool plain)
    {
        var (least, most) = (desired, desired);
        foreach (var (time, replicas) in _recommendations)
        {
            least = time > now - scale(up.Window) ? Math.Min(least, replicas) : least;
            most = time > now - scale(down.Window) ? Math.Max(most, replicas) : most;
        }

        var settled = plain ? most : Math.Clamp(current, least, most);
        _recommendations.RemoveAll(item => item.Time < now - scale(Longest));
        _recommendations.Add((now, desired));
        return settled == desired ? new Settled(settled, "ReadyForNewScale", "recommended size matches current size")
            : desired >= current ? new Settled(settled, "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation")
            : new Settled(settled, "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation");
    }

    /// <summary>Bounds by the rates of the behaviour and by the limits of the autoscaler.</summary>
    public Settled Limit(DateTimeOffset now, int current, int desired, int min, int max, ScalingRules up, ScalingRules down)
    {
        _changes.RemoveAll(change => change.Time < now - scale(Longest));
        if (desired > current)
        {
            var limit = Math.Max(current, Rate(now, current, up, grows: true));
            var most = Math.Min(max, limit);
            return desired > most ? (max > limit ? UpLimit : TooMany) with { Replicas = most } : Within with { Replicas = desired };
        }

        if (desired < current)
        {
            var limit = Math.Min(current, Rate(now, current, down, grows: false));
            var least = Math.Max(min, limit);
            return desired < least ? (min < limit ? DownLimit : TooFew) with { Replicas = least } : Within with { Replicas = desired };
        }

        return Within with { Replicas = desired };
    }

    /// <summary>Bounds where there is no behaviour: at most twice as many, but four at once.</summary>
    public static Settled LimitPlainly(int current, int desired, int min, int max)
    {
        var limit = (int)Math.Max(2.0 * current, 4);
        var most = Math.Min(max, limit);
        return desired < min ? TooFew with { Replicas = min }
            : desired > most ? (max > limit ? UpLimit : TooMany) with { Replicas = most }
            : Within with { Replicas = desired };
    }

    private int Rate(DateTimeOffset now, int current, ScalingRules rules, bool grows)
    {
        if (rules.Select == "Disabled")
        {
            return current;
        }

        var proposals = rules.Policies.Select(policy =>
        {
            // How many there were when the period began.
            var begin = current - _changes.Where(change => change.Time > now - scale(policy.Period)).Sum(change => change.Change);
            return (grows, policy.IsPercent) switch
            {
                (true, false) => begin + (double)policy.Value,
                (true, true) => Math.Ceiling(begin * (1 + (policy.Value / 100.0))),
                (false, false) => begin - (double)policy.Value,
                (false, true) => Math.Truncate(begin * (1 - (policy.Value / 100.0))),
            };
        }).ToList();

        // "Max" is the policy that changes most.
        return (int)Math.Clamp((rules.Select == "Max") == grows ? proposals.Max() : proposals.Min(), int.MinValue, int.MaxValue);
    }
}
