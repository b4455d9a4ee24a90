using System.Collections.Concurrent;
using System.Text.Json;
using Preheat.Runs;
using Preheat.Testing;

namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary><see cref="TestRun"/> against real test projects in a small solution of their own.</summary>
public sealed class TestRunTests : IDisposable
{
    private const string Passing = """
        public class Good
        {
            [Xunit.Fact] public void Adds_up() => Xunit.Assert.Equal(2, 1 + 1);
            [Xunit.Theory, Xunit.InlineData(1), Xunit.InlineData(2)] public void Is_positive(int n) => Xunit.Assert.True(n > 0);
        }
        """;

    private const string Missing = """
        public class Bad
        {
            [Xunit.Fact] public void Passes() { }
            [Xunit.Fact] public void Breaks() => Xunit.Assert.Fail("the sky fell");
            [Xunit.Fact(Skip = "no tool")] public void Is_skipped() { }
        }
        """;

    private readonly string root = Directory.CreateTempSubdirectory("preheat-testrun-").FullName;
    private readonly Notes notes = new();

    public TestRunTests()
    {
        File.Copy(RepositoryRoot.File("Directory.Packages.props"), In("Directory.Packages.props"));
        Write("build/_build.csproj", """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>""");
    }

    private string Results => In("artifacts/test-results");

    [Fact]
    public async Task Counts_all_projects_and_fails_on_a_failed_and_on_a_skipped_test()
    {
        Solution(("Good.Tests", Passing), ("Bad.Tests", Missing));

        var error = await Should.ThrowAsync<PreheatException>(RunAsync());

        error.ExitCode.ShouldBe(1);
        error.Message.ShouldEndWith("4 passed, 2 failed");
        notes.Text.ShouldContain("Bad.Breaks");
        notes.Text.ShouldContain("the sky fell");
        notes.Text.ShouldContain("Bad.Is_skipped");
        using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(Results, TestRun.SummaryFile)));
        summary.RootElement.GetProperty("passed").GetInt32().ShouldBe(4);
        summary.RootElement.GetProperty("failed").GetInt32().ShouldBe(2);
        summary.RootElement.GetProperty("skipped").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Returns_the_counts_when_everything_passes()
    {
        Solution(("Good.Tests", Passing));
        Write("artifacts/test-results/old.trx", "left by an earlier run");

        var report = await RunAsync();

        report.Summary.ShouldBe("3 passed, 0 failed");
        report.Projects.Single().Name.ShouldBe("Good.Tests");
        File.Exists(Path.Combine(Results, "old.trx")).ShouldBeFalse();
        File.Exists(Path.Combine(Results, "Good.Tests.trx")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_project_without_a_test_fails_beside_one_that_passes()
    {
        Solution(("Empty.Tests", "public class Empty;"), ("Good.Tests", Passing));

        var error = await Should.ThrowAsync<PreheatException>(RunAsync());

        error.Message.ShouldEndWith("3 passed, 1 failed");
    }

    [Fact]
    public async Task Shows_the_errors_when_the_solution_does_not_build()
    {
        Solution(("Good.Tests", "public class Good { int x = nonsense; }"));

        var error = await Should.ThrowAsync<PreheatException>(RunAsync());

        error.Message.ShouldEndWith("0 passed, 0 failed");
        notes.Text.ShouldContain("error CS0103");
        File.Exists(Path.Combine(Results, TestRun.SummaryFile)).ShouldBeFalse();
    }

    [Fact]
    public async Task Refuses_a_solution_without_test_projects()
    {
        Write("Preheat.slnx", """<Solution><Project Path="src/Preheat/Preheat.csproj" /></Solution>""");

        (await Should.ThrowAsync<PreheatException>(RunAsync())).Message.ShouldContain("no test project");
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private string In(string relative) => Path.Combine(root, relative);

    private Task<TestReport> RunAsync() => TestRun.RunAsync(root, Results, notes, TimeProvider.System, CancellationToken.None);

    private void Solution(params (string Name, string Code)[] projects)
    {
        Write("Preheat.slnx", $"<Solution>{string.Concat(projects.Select(p => $"<Project Path=\"tests/{p.Name}/{p.Name}.csproj\" />"))}</Solution>");
        foreach (var (name, code) in projects)
        {
            Write($"tests/{name}/Tests.cs", code);
            Write($"tests/{name}/{name}.csproj", """
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="Microsoft.NET.Test.Sdk" />
                    <PackageReference Include="xunit" />
                    <PackageReference Include="xunit.runner.visualstudio" />
                  </ItemGroup>
                </Project>
                """);
        }
    }

    private void Write(string relative, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(relative))!);
        File.WriteAllText(In(relative), text);
    }

    private sealed class Notes : IEventSink
    {
        private readonly ConcurrentQueue<string> lines = new();

        public string Text => string.Join('\n', lines);

        public void Emit(RunEvent runEvent) => lines.Enqueue(((Note)runEvent).Text);
    }
}
