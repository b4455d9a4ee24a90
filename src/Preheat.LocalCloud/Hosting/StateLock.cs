namespace Preheat.LocalCloud.Hosting;

/// <summary>Exclusive locks in the state folder. The system releases them with the process, so none can be stale.</summary>
internal static class StateLock
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Held while a cloud runs on the folder.</summary>
    public static string Running(string stateDirectory) => Path.Combine(stateDirectory, "running.lock");

    /// <summary>Held by whoever starts or stops one.</summary>
    public static string Control(string stateDirectory) => Path.Combine(stateDirectory, "control.lock");

    /// <summary>Null when somebody else holds it.</summary>
    public static FileStream? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    public static async Task<FileStream> TakeAsync(string path, TimeProvider time, CancellationToken cancellation)
    {
        FileStream? taken;
        while ((taken = TryTake(path)) is null)
        {
            await Task.Delay(Interval, time, cancellation);
        }

        return taken;
    }
}
