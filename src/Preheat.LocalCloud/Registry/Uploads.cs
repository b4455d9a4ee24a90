using System.Collections.Concurrent;

namespace Preheat.LocalCloud.Registry;

/// <summary>Uploads that are open. They end with the process: a registry makes no promise to resume one.</summary>
internal sealed class Uploads : IDisposable
{
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(6);

    private readonly ConcurrentDictionary<string, Upload> _open = new(StringComparer.Ordinal);
    private readonly string _folder;
    private readonly TimeProvider _time;

    public Uploads(string folder, TimeProvider time)
    {
        (_folder, _time) = (folder, time);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true); // left by a process that was killed
        }

        Directory.CreateDirectory(folder);
    }

    public Upload Open(string name)
    {
        foreach (var (id, old) in _open)
        {
            if (_time.GetElapsedTime(old.StartedAt) > Abandoned)
            {
                Close(id);
            }
        }

        var upload = new Upload(name, _folder, _time.GetTimestamp());
        _open[upload.Id] = upload;
        return upload;
    }

    public Upload Get(string name, string id) =>
        _open.TryGetValue(id, out var upload) && upload.Name == name ? upload : throw RegistryException.UploadUnknown(id);

    /// <summary>Takes an upload out of the table, so that only one request can finish it.</summary>
    public Upload Take(string name, string id) =>
        Get(name, id) is var upload && _open.TryRemove(id, out _) ? upload : throw RegistryException.UploadUnknown(id);

    /// <summary>Drops an upload and what it received.</summary>
    public void Close(string id)
    {
        if (_open.TryRemove(id, out var upload))
        {
            upload.Dispose();
        }
    }

    /// <summary>Puts an upload back that a request took to write to it.</summary>
    public void Return(Upload upload) => _open[upload.Id] = upload;

    public void Dispose()
    {
        foreach (var id in _open.Keys)
        {
            Close(id);
        }
    }
}
