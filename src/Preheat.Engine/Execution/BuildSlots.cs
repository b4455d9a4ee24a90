namespace Nuke.Common.Execution;

/// <summary>
/// What a build may leave in <see cref="AppContext.SetData"/> for this engine. Another engine never asks, so that a build that uses the slots
/// is still written in Nuke's API alone.
/// </summary>
/// <param name="read">Reads a slot by its name; null when nothing was left there.</param>
internal sealed class BuildSlots(Func<string, object?> read)
{
    /// <summary>
    /// <c>preheat.plan</c>, a <c>Func&lt;string, string?&gt;</c>: what is known of a target before it runs, for <c>--plan</c>; null says nothing.
    /// The text starts with <c>runs</c>, <c>up to date</c> or <c>decided when it runs</c>.
    /// </summary>
    public Func<string, string?>? Plan => read("preheat.plan") as Func<string, string?>;

    /// <summary>
    /// <c>preheat.check</c>, a <c>Func&lt;string[], string[]&gt;</c>: what is wrong with the parameters' values, for the targets of these names, before
    /// any of them runs. Told together with what the engine itself found wrong, and with <c>--plan</c> too; also called when a value could not be converted,
    /// and its parameter has none.
    /// </summary>
    public Func<string[], string[]>? Check => read("preheat.check") as Func<string[], string[]>;

    /// <summary>
    /// <c>preheat.cancel</c>, an <c>Action</c>: cancels the token that the targets running now were given. Called at most once, with
    /// <c>--fail-fast</c>; a target that then ends with an <see cref="OperationCanceledException"/> counts as aborted.
    /// </summary>
    public Action? Cancel => read("preheat.cancel") as Action;

    /// <summary>
    /// <c>preheat.exclusive</c>, a <c>string[]</c>: names of targets beside which nothing runs. All that stands before one of them in the plan
    /// ends before it starts, and all that stands after it starts when it has ended.
    /// </summary>
    public IReadOnlyCollection<string> Exclusive => read("preheat.exclusive") as string[] ?? [];

    /// <summary>
    /// <c>preheat.live</c>, a <c>Func&lt;string, int, int, string[]&gt;</c>: rows that show how far the target of this name is, at this moment, for so many
    /// columns and at most so many rows. Asked several times a second, from any thread, while the target stands in the foreground of an interactive
    /// terminal. None shows nothing; a row that begins with <c>! </c> stands out.
    /// </summary>
    public Func<string, int, int, string[]>? Live => read("preheat.live") as Func<string, int, int, string[]>;
}
