namespace Nuke.Common.Execution;

/// <summary>Gives out the targets of a plan, each once all of its predecessors have ended; of several the one that stands first in the plan.</summary>
internal sealed class TargetQueue
{
    private readonly int[] _waitingFor;
    private readonly List<int>?[] _successors;
    private readonly Dictionary<ExecutableTarget, int> _positions;
    private readonly TargetPlan _plan;
    private readonly PriorityQueue<ExecutableTarget, int> _ready = new();

    public TargetQueue(TargetPlan plan)
    {
        _plan = plan;
        _waitingFor = new int[plan.Order.Count];
        _successors = new List<int>?[plan.Order.Count];
        _positions = new Dictionary<ExecutableTarget, int>(plan.Order.Count);
        for (var i = 0; i < plan.Order.Count; i++)
        {
            var predecessors = plan.Predecessors[plan.Order[i]];
            _positions[plan.Order[i]] = i;
            _waitingFor[i] = predecessors.Count;
            if (predecessors.Count == 0)
            {
                _ready.Enqueue(plan.Order[i], i);
            }

            foreach (var predecessor in predecessors)
            {
                (_successors[_positions[predecessor]] ??= []).Add(i);
            }
        }
    }

    /// <summary>The next target whose turn it is; false when all others wait for one that has not ended, or none is left.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExecutableTarget? target) => _ready.TryDequeue(out target, out _);

    /// <summary>The target has ended, whatever became of it.</summary>
    public void End(ExecutableTarget target)
    {
        foreach (var successor in _successors[_positions[target]] ?? [])
        {
            if (--_waitingFor[successor] == 0)
            {
                _ready.Enqueue(_plan.Order[successor], successor);
            }
        }
    }
}
