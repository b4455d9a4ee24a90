using System.Runtime.Versioning;

namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary>A machine without an SDK: PATH has every program but <c>dotnet</c>, and a <c>curl</c> that the test controls.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SdkInstallationTests : IDisposable
{
    private readonly Skeleton skeleton = new();
    private readonly string tools = Directory.CreateTempSubdirectory("preheat-tools-").FullName;
    private readonly string dotnet;

    public SdkInstallationTests()
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(':').Where(Directory.Exists).ToList();
        dotnet = path.Select(p => Path.Combine(p, "dotnet")).First(File.Exists);
        foreach (var file in path.SelectMany(p => Directory.EnumerateFiles(p)))
        {
            var link = Path.Combine(tools, Path.GetFileName(file));
            if (Path.GetFileName(file) is not ("dotnet" or "curl" or "wget") && !File.Exists(link))
            {
                File.CreateSymbolicLink(link, file);
            }
        }
    }

    [Fact]
    public async Task Installs_the_SDK_once_and_uses_it_from_then_on()
    {
        // Stands for the official script: takes its options and puts a dotnet into the folder that it is told.
        Executable("curl", $$"""
            while [ "$1" != -o ]; do shift; done
            cat >"$2" <<'SCRIPT'
            while [ $# -gt 0 ]; do
              case $1 in --install-dir) mkdir -p "$2"; printf '#!/bin/sh\nexec {{dotnet}} "$@"\n' >"$2/dotnet"; chmod +x "$2/dotnet" ;; --channel) echo "$2" >channel.txt ;; esac
              shift
            done
            SCRIPT
            """);

        var first = await RunAsync();
        Executable("curl", "exit 99");
        var second = await RunAsync();

        first.Exit.ShouldBe(0, first.ErrorText);
        first.Error.ShouldContain("Installing the .NET SDK to .nuke/temp/dotnet…");
        File.ReadAllText(skeleton.In("channel.txt")).ShouldBe("10.0\n");
        File.Exists(skeleton.In(".nuke/temp/dotnet/dotnet")).ShouldBeTrue();
        second.Exit.ShouldBe(0, second.ErrorText);
        second.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Says_what_to_do_when_the_SDK_cannot_be_fetched()
    {
        Executable("curl", "echo 'curl: (6) Could not resolve host: dot.net' >&2; exit 6");

        var call = await RunAsync();

        call.Exit.ShouldBe(1);
        call.ErrorText.ShouldContain("https://dot.net/v1/dotnet-install.sh could not be fetched");
        call.ErrorText.ShouldContain("DOTNET_ROOT");
        File.Exists(skeleton.In(".nuke/temp/build.lock")).ShouldBeFalse();
    }

    [Fact]
    public async Task Takes_the_SDK_of_DOTNET_ROOT_when_none_is_on_the_path()
    {
        Executable("curl", "exit 99");
        var real = new FileInfo(dotnet).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? dotnet;

        var call = await RunAsync(("DOTNET_ROOT", Path.GetDirectoryName(real)!));

        call.Exit.ShouldBe(0, call.ErrorText);
        call.Output.ShouldContain("dotnet " + real);
    }

    public void Dispose()
    {
        skeleton.Dispose();
        Directory.Delete(tools, recursive: true);
    }

    private Task<Call> RunAsync(params (string Name, string Value)[] changes)
    {
        var environment = changes.ToDictionary(c => c.Name, c => c.Value);
        environment["PATH"] = tools;
        return skeleton.RunAsync("build.sh", [], environment);
    }

    private void Executable(string name, string body)
    {
        var path = Path.Combine(tools, name);
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
