using System.Text.Json;

namespace Preheat.LocalCloud.Hosting;

/// <summary><c>endpoint.json</c> in the state folder.</summary>
internal static class EndpointFile
{
    public static void Write(string stateDirectory, LocalEndpoint endpoint) =>
        AtomicFile.Write(FilePath(stateDirectory), JsonSerializer.SerializeToUtf8Bytes(endpoint, CloudJson.Default.LocalEndpoint), AtomicFile.Private);

    /// <summary>Null when there is none, or when it is not one.</summary>
    public static LocalEndpoint? Read(string stateDirectory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(FilePath(stateDirectory)), CloudJson.Default.LocalEndpoint);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public static void Delete(string stateDirectory) => File.Delete(FilePath(stateDirectory));

    private static string FilePath(string stateDirectory) => Path.Combine(stateDirectory, "endpoint.json");
}
