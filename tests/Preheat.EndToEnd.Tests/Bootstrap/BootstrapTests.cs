using System.Globalization;
using Preheat.Testing;

namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary><c>build.sh</c> against a real SDK. The skeleton is compiled once and shared; the tests of a class run one after the other.</summary>
public sealed class BootstrapTests(Skeleton skeleton) : IClassFixture<Skeleton>
{
    [Fact]
    public async Task Passes_arguments_on_exactly()
    {
        string[] arguments = ["LoadTest", "two words", "", "*", "~", "$HOME", "\"quoted\"", "it's", "--", "-x", "back\\slash", "line\nfeed", "--option=ü"];

        var call = await skeleton.RunAsync(arguments);

        call.Exit.ShouldBe(0, call.ErrorText);
        call.Arguments.ShouldBe(arguments.Select(argument => $"[{argument.Replace("\n", "<newline>")}]"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(130)]
    public async Task Passes_the_exit_code_on(int exit)
    {
        var call = await skeleton.RunAsync("build.sh", [], new() { ["STUB_EXIT"] = exit.ToString(CultureInfo.InvariantCulture) });

        call.Exit.ShouldBe(exit, call.ErrorText);
        call.Arguments.ShouldBeEmpty();
    }

    [Fact]
    public async Task Runs_in_the_root_from_wherever_it_is_called_and_through_a_link()
    {
        var elsewhere = Directory.CreateTempSubdirectory("preheat elsewhere ").FullName;
        try
        {
            File.CreateSymbolicLink(Path.Combine(elsewhere, "first"), skeleton.In("build.sh"));
            File.CreateSymbolicLink(Path.Combine(elsewhere, "second"), "first");

            foreach (var script in new[] { skeleton.In("build.sh"), Path.Combine(elsewhere, "second") })
            {
                var call = await skeleton.RunAsync(script, ["Status"], new() { ["CDPATH"] = "/" }, elsewhere);
                call.Exit.ShouldBe(0, call.ErrorText);
                call.Output[0].ShouldBe("cwd " + skeleton.Root);
                call.Arguments.ShouldBe(["[Status]"]);
            }
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Fact]
    public async Task Build_cmd_works_where_bash_runs_it()
    {
        var call = await skeleton.RunAsync("/bin/sh", [skeleton.In("build.cmd"), "a b", ""], new() { ["STUB_EXIT"] = "3" });

        call.Exit.ShouldBe(3, call.ErrorText);
        call.Arguments.ShouldBe(["[a b]", "[]"]);
    }

    [Fact]
    public async Task Compiles_again_when_an_input_was_changed_added_or_deleted_and_not_otherwise()
    {
        await skeleton.RunAsync();
        (await skeleton.RunAsync()).Compilations.ShouldBe(0);

        skeleton.Write("src/Some Domain/One.cs", "class One; class Changed;");
        (await skeleton.RunAsync()).Compilations.ShouldBe(1);
        (await skeleton.RunAsync()).Compilations.ShouldBe(0);

        skeleton.Write("src/Some Domain/Two.cs", "class Two;");
        (await skeleton.RunAsync()).Compilations.ShouldBe(1);
        (await skeleton.RunAsync()).Compilations.ShouldBe(0);

        File.Delete(skeleton.In("src/Some Domain/Two.cs"));
        (await skeleton.RunAsync()).Compilations.ShouldBe(1);
        (await skeleton.RunAsync()).Compilations.ShouldBe(0);

        skeleton.Write("Directory.Build.props", "<Project />");
        (await skeleton.RunAsync()).Compilations.ShouldBe(1);

        skeleton.Write("src/Some Domain/obj/generated.txt", "made by a build");
        skeleton.Write("README.md", "not an input");
        (await skeleton.RunAsync()).Compilations.ShouldBe(0);
    }

    [Fact]
    public async Task Two_calls_at_once_compile_once()
    {
        await skeleton.RunAsync();
        skeleton.Write("src/Some Domain/Three.cs", "class Three;");

        var calls = await Task.WhenAll(skeleton.RunAsync("a"), skeleton.RunAsync("b"), skeleton.RunAsync("c"));

        calls.Select(c => c.Exit).ShouldAllBe(exit => exit == 0);
        calls.Sum(c => c.Compilations).ShouldBe(1);
        calls.Select(c => c.Arguments.Single()).ShouldBe(["[a]", "[b]", "[c]"]);
    }

    [Fact]
    public async Task The_lock_of_a_process_that_is_gone_does_not_stop_it()
    {
        await skeleton.RunAsync();
        skeleton.Write(".nuke/temp/build.lock", "99999999\n"); // above the largest pid of Linux
        skeleton.Write("src/Some Domain/Four.cs", "class Four;");

        var call = await skeleton.RunAsync();

        call.Exit.ShouldBe(0, call.ErrorText);
        call.Compilations.ShouldBe(1);
        File.Exists(skeleton.In(".nuke/temp/build.lock")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_compile_error_is_shown_and_ends_with_1_until_it_is_mended()
    {
        await skeleton.RunAsync();
        skeleton.Write("src/Some Domain/Bad.cs", "class Bad { int x = nonsense; }");

        for (var i = 0; i < 2; i++) // not taken for compiled the second time
        {
            var call = await skeleton.RunAsync();
            call.Exit.ShouldBe(1);
            call.Output.ShouldBeEmpty();
            call.ErrorText.ShouldContain("Bad.cs(1,21): error CS0103");
        }

        File.Delete(skeleton.In("src/Some Domain/Bad.cs"));
        (await skeleton.RunAsync()).Exit.ShouldBe(0);
    }

    [Fact]
    public async Task Ambient_variables_do_not_change_the_build_but_reach_the_program()
    {
        await skeleton.RunAsync();
        skeleton.Write("src/Some Domain/Five.cs", "class Five;");

        var call = await skeleton.RunAsync("build.sh", [], new()
        {
            ["PLATFORM"] = "x", ["CONFIGURATION"] = "Bogus", ["OutputPath"] = skeleton.In("stray"), ["DefineConstants"] = "SURPRISE",
            ["TargetFramework"] = "net1.0", ["RuntimeIdentifier"] = "none-such", ["MSBuildSDKsPath"] = "/nowhere",
        });

        call.Exit.ShouldBe(0, call.ErrorText);
        call.Compilations.ShouldBe(1);
        call.Output.ShouldContain("platform x");
        call.Output.ShouldNotContain("surprise");
        Directory.Exists(skeleton.In("stray")).ShouldBeFalse();
    }

    [Fact]
    public async Task Compiling_anew_leaves_the_files_of_a_running_program_alone()
    {
        await skeleton.RunAsync();
        var running = Directory.GetFiles(skeleton.In("build/bin/run"), "_build.dll", SearchOption.AllDirectories)
            .ToDictionary(path => path, File.GetLastWriteTimeUtc);
        skeleton.Write("src/Some Domain/Six.cs", "class Six;");
        await skeleton.RunAsync();

        var latest = running.Keys.Max(StringComparer.Ordinal)!;
        File.GetLastWriteTimeUtc(latest).ShouldBe(running[latest]);
        Directory.GetDirectories(skeleton.In("build/bin/run")).Length.ShouldBeLessThanOrEqualTo(5);
    }

    [Fact]
    public async Task An_unknown_engine_is_bad_usage()
    {
        var call = await skeleton.RunAsync("build.sh", [], new() { ["PREHEAT_ENGINE"] = "cake" });

        call.Exit.ShouldBe(2);
        call.ErrorText.ShouldContain("'cake'");
    }

    [Fact]
    public async Task Shellcheck_finds_nothing_in_the_scripts()
    {
        var lines = new List<string>();
        var exit = await new ChildProcess(TimeProvider.System).RunAsync(
            "shellcheck", ["build.sh", ".ci/run"], RepositoryRoot.Path, environment: null, (line, _) => lines.Add(line), CancellationToken.None);

        exit.ShouldBe(0, string.Join('\n', lines));
    }
}
