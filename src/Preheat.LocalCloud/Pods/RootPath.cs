namespace Preheat.LocalCloud.Pods;

/// <summary>
/// Paths inside an image's root. A link in the image points inside the image, so each step is resolved against the root: no entry, however
/// named or linked, reaches a file outside.
/// </summary>
internal sealed class RootPath(string root)
{
    private const int LinkLimit = 40;
    private const int PathLimit = 4096;

    /// <summary>
    /// Where an entry lands: its parents' links followed inside the root, its own last step not. Throws <see cref="InvalidDataException"/> for
    /// a path with <c>..</c> or of too many links.
    /// </summary>
    public string Resolve(string entry)
    {
        var steps = Steps(entry);
        return steps.Length == 0 ? root : Path.Combine(Follow(steps.AsSpan()[..^1]), steps[^1]);
    }

    private static string[] Steps(string entry)
    {
        if (entry.Length > PathLimit || entry.Contains('\0', StringComparison.Ordinal))
        {
            throw new InvalidDataException($"the layer holds a path that is too long or malformed ({entry.Length} characters)");
        }

        var steps = entry.Split('/').Where(step => step is not ("" or ".")).ToArray();
        return steps.Contains("..") ? throw new InvalidDataException($"the layer holds a path that leaves its root: {entry}") : steps;
    }

    private string Follow(ReadOnlySpan<string> steps)
    {
        var pending = new Stack<string>(steps.ToArray().Reverse());
        var present = new List<string>();
        var links = 0;
        while (pending.TryPop(out var step))
        {
            if (step is "" or ".")
            {
                continue;
            }

            if (step == "..")
            {
                // As in a chroot, the parent of the root is the root.
                if (present.Count > 0)
                {
                    present.RemoveAt(present.Count - 1);
                }

                continue;
            }

            var path = Path.Combine([root, .. present, step]);
            if (new FileInfo(path).LinkTarget is not { } target)
            {
                present.Add(step);
                continue;
            }

            if (++links > LinkLimit)
            {
                throw new InvalidDataException($"the layer holds too many links on the way to {string.Join('/', present)}/{step}");
            }

            if (target.StartsWith('/'))
            {
                present.Clear();
            }

            foreach (var part in target.Split('/').Reverse())
            {
                pending.Push(part);
            }
        }

        return Path.Combine([root, .. present]);
    }
}
