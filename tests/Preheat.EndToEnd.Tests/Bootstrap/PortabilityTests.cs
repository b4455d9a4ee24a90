using System.Runtime.Versioning;

namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary>Systems whose <c>find</c> and <c>stat</c> are not GNU's, put on by programs that refuse what those lack.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PortabilityTests : IDisposable
{
    private const string PlainFind = "case \"$*\" in *-printf*) exit 1 ;; esac\nexec /usr/bin/find \"$@\"";

    // BSD's stat has -f FORMAT, and no -c.
    private const string BsdStat = "[ \"$1\" = -f ] && [ \"$2\" = '%N %z %Fm' ] || exit 1\nshift 2\nexec /usr/bin/stat -c '%n %s %.9Y' \"$@\"";

    private readonly Skeleton skeleton = new();

    [Theory]
    [InlineData("busybox", PlainFind, null)]
    [InlineData("BSD", PlainFind, BsdStat)]
    public async Task Notices_changes_and_deletions(string system, string find, string? stat)
    {
        Tool("find", find);
        if (stat is not null)
        {
            Tool("stat", stat);
        }

        (await RunAsync()).Compilations.ShouldBe(1, system);
        (await RunAsync()).Compilations.ShouldBe(0, system);
        File.ReadAllText(skeleton.In(".nuke/temp/build.stamp")).ShouldContain("src/Some Domain/One.cs ", customMessage: system);

        skeleton.Write("src/Some Domain/One.cs", "class One; class Longer;");
        (await RunAsync()).Compilations.ShouldBe(1, system);

        File.Delete(skeleton.In("src/Some Domain/One.cs"));
        (await RunAsync()).Compilations.ShouldBe(1, system);
    }

    public void Dispose() => skeleton.Dispose();

    private Task<Call> RunAsync() =>
        skeleton.RunAsync("build.sh", [], new() { ["PATH"] = skeleton.In("tools") + ":" + Environment.GetEnvironmentVariable("PATH") });

    private void Tool(string name, string body)
    {
        skeleton.Write("tools/" + name, "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(skeleton.In("tools/" + name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
