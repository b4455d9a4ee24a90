using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud;

internal static class Program
{
    private static Task<int> Main(string[] arguments) => ServeCommand.RunAsync(arguments);
}
