namespace Preheat.LocalCloud.Serving;

/// <summary>
/// A container's file system: its image's root with mounts over it. Paths are resolved as the kernel would inside the container:
/// <c>..</c> stops at the root, and a symbolic link's target is looked up in the container, never on the machine.
/// </summary>
internal sealed class ContainerFiles(string rootDirectory, IReadOnlyDictionary<string, string> mounts, string workingDirectory)
{
    /// <summary>Linux gives up after this many links (<c>ELOOP</c>).</summary>
    private const int MaxLinks = 40;

    private readonly List<(string[] Path, string Folder)> mountPoints =
        [.. mounts.Select(m => (m.Key.Split('/', StringSplitOptions.RemoveEmptyEntries), m.Value)).OrderByDescending(m => m.Item1.Length)];

    /// <summary>The machine's path of a container path, links followed; null when nothing is there.</summary>
    public string? Resolve(string path)
    {
        var pending = new Stack<string>(Split(Path.IsPathRooted(path) ? path : $"{workingDirectory}/{path}").Reverse());
        var done = new List<string>();
        var links = 0;
        while (pending.TryPop(out var part))
        {
            if (part == "..")
            {
                if (done.Count > 0)
                {
                    done.RemoveAt(done.Count - 1);
                }

                continue;
            }

            done.Add(part);
            var info = new FileInfo(Locate(done));
            if (IsMountPoint(done) || info.LinkTarget is not { } target)
            {
                continue;
            }

            if (++links > MaxLinks)
            {
                return null;
            }

            if (Path.IsPathRooted(target))
            {
                done.Clear();
            }
            else
            {
                done.RemoveAt(done.Count - 1);
            }

            foreach (var step in Split(target).Reverse())
            {
                pending.Push(step);
            }
        }

        var found = Locate(done);
        return Path.Exists(found) ? found : null;
    }

    private static IEnumerable<string> Split(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".");

    private bool IsMountPoint(List<string> path) => mountPoints.Any(m => m.Path.SequenceEqual(path));

    private string Locate(List<string> path)
    {
        foreach (var (mount, folder) in mountPoints)
        {
            if (mount.Length <= path.Count && mount.SequenceEqual(path.Take(mount.Length)))
            {
                return Path.Join([folder, .. path.Skip(mount.Length)]);
            }
        }

        return Path.Join([rootDirectory, .. path]);
    }
}
