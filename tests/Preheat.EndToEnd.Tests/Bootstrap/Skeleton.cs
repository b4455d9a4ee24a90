using System.Collections;
using Preheat.Testing;

namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary>A folder with the real <c>build.sh</c> and <c>global.json</c> and a build program that prints what it was given.</summary>
public sealed class Skeleton : IDisposable
{
    /// <summary>Prints the working directory, each argument and PLATFORM; exits with STUB_EXIT. SURPRISE would come from an ambient DEFINECONSTANTS.</summary>
    public const string Program = """
        using System;
        Console.WriteLine("cwd " + Environment.CurrentDirectory);
        foreach (var arg in args) Console.WriteLine("arg [" + arg.Replace("\n", "<newline>") + "]");
        Console.WriteLine("platform " + Environment.GetEnvironmentVariable("PLATFORM"));
        Console.WriteLine("dotnet " + Environment.ProcessPath);
        #if SURPRISE
        Console.WriteLine("surprise");
        #endif
        return int.Parse(Environment.GetEnvironmentVariable("STUB_EXIT") ?? "0");
        """;

    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
          </PropertyGroup>
          <ItemGroup>
            <Compile Include="../src/**/*.cs" />
          </ItemGroup>
        </Project>
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public Skeleton()
    {
        Root = Directory.CreateTempSubdirectory("preheat-bootstrap-").FullName;
        foreach (var file in new[] { "build.sh", "build.cmd", "global.json" })
        {
            File.Copy(RepositoryRoot.File(file), In(file));
        }

        Write("build/_build.csproj", Project);
        Write("build/Build.cs", Program);
        Write("src/Some Domain/One.cs", "class One;");
    }

    public string Root { get; }

    public string In(string relative) => Path.Combine(Root, relative);

    public void Write(string relative, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(relative))!);
        File.WriteAllText(In(relative), text);
    }

    /// <summary>Calls <c>build.sh</c> of this folder.</summary>
    public Task<Call> RunAsync(params string[] arguments) => RunAsync("build.sh", arguments, []);

    /// <param name="script">The script, absolute or relative to this folder.</param>
    /// <param name="arguments">What it is given.</param>
    /// <param name="changes">Environment variables on top of this process's.</param>
    /// <param name="directory">Where it is called from; the root folder of the machine unless told.</param>
    public async Task<Call> RunAsync(string script, string[] arguments, Dictionary<string, string> changes, string directory = "/")
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(e => (string)e.Key is not ("DOTNET_ROOT" or "PREHEAT_ENGINE" or "PLATFORM"))
            .ToDictionary(e => (string)e.Key, e => (string)e.Value!, StringComparer.Ordinal);
        foreach (var (name, value) in changes)
        {
            environment[name] = value;
        }

        using var limit = new CancellationTokenSource(Limit);
        var (output, error) = (new List<string>(), new List<string>());
        var exit = await new ChildProcess(TimeProvider.System).RunAsync(
            In(script), arguments, directory, environment, (line, isError) => (isError ? error : output).Add(line), limit.Token);
        return new Call(exit, output, error);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>What a call of <c>build.sh</c> came to.</summary>
public sealed record Call(int Exit, IReadOnlyList<string> Output, IReadOnlyList<string> Error)
{
    /// <summary>How often it said that it compiles.</summary>
    public int Compilations => Error.Count(line => line == "Compiling the build…");

    public IReadOnlyList<string> Arguments => [.. Output.Where(line => line.StartsWith("arg ", StringComparison.Ordinal)).Select(line => line[4..])];

    public string ErrorText => string.Join('\n', Error);
}
