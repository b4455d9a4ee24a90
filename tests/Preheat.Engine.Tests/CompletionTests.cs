using System.Diagnostics;
using Nuke.Common;
using Nuke.Common.IO;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

/// <summary>Completes with a real bash, which is given the words as it would take the line apart.</summary>
public sealed class CompletionTests : BuildRunTests
{
    [Theory]
    [InlineData("", "Deploy Verify")]
    [InlineData("De", "Deploy")]
    [InlineData("ver", "Verify")]
    [InlineData("Deploy Ve", "Verify")]
    [InlineData("--cl", "--cloud")]
    [InlineData("--cloud ", "local google")]
    [InlineData("--cloud goo", "google")]
    [InlineData("--cloud = l", "local")]
    [InlineData("--cloud =", "local google")]
    [InlineData("--cloud local ", "Deploy Verify")]
    [InlineData("--model ", "")]
    [InlineData("--skip ", "Deploy Verify")]
    [InlineData("--verbosity q", "quiet")]
    [InlineData("--plan ", "json text Deploy Verify")]
    [InlineData("--yes ", "Deploy Verify")]
    [InlineData("--folder no", "note.txt")]
    [InlineData("--nothing-like-it", "")]
    public async Task Completes_in_bash(string line, string expected)
    {
        _run.Run<Sample>("--completion bash").ShouldBe(0, _run.Output);
        await File.WriteAllTextAsync(Path.Combine(_run.Root, "completion.bash"), _run.Out);
        await File.WriteAllTextAsync(Path.Combine(_run.Root, "note.txt"), "");
        var words = string.Join(' ', line.Split(' ').Select(word => $"'{word}'"));
        (await Bash($"source ./completion.bash; COMP_WORDS=(./build.sh {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); $(complete -p build.sh | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo ${{COMPREPLY[*]}}"))
            .ShouldBe(expected + "\n");
    }

    [Fact]
    public async Task Changes_no_option_of_the_shell()
    {
        _run.Run<Sample>("--completion bash").ShouldBe(0, _run.Output);
        await File.WriteAllTextAsync(Path.Combine(_run.Root, "completion.bash"), _run.Out);
        (await Bash("source ./completion.bash; COMP_WORDS=(./build.sh D); COMP_CWORD=1; _preheat_build; shopt nocasematch || true")).ShouldBe("nocasematch    \toff\n");
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Prints_a_script_for_other_shells_with_every_word(string shell)
    {
        _run.Run<Sample>($"--completion {shell}").ShouldBe(0, _run.Output);
        foreach (var word in new[] { "Deploy", "Verify", "cloud", "local", "google" })
        {
            _run.Out.ShouldContain(word);
        }

        _run.Out.ShouldNotContain("Hidden");
        _run.Error.ShouldBeEmpty();
    }

    private async Task<string> Bash(string command)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["--norc", "--noprofile", "-euc", command])
        {
            WorkingDirectory = _run.Root,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = bash.StandardError.ReadToEndAsync();
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        (await error).ShouldBeEmpty();
        return output;
    }

    private sealed class Sample : NukeBuild
    {
        [Parameter(ValueProviderMember = nameof(Clouds))] public readonly string? Cloud;
        [Parameter] public readonly string? Model;
        [Parameter("It's \"quoted\" $HOME `x`")] public readonly bool Yes;
        [Parameter] public readonly AbsolutePath? Folder;

        public Target Deploy => _ => _.Description("It's \"quoted\" $HOME `x`: all").Executes(() => { });
        private Target Verify => _ => _.Executes(() => { });
        private Target Hidden => _ => _.Unlisted().Executes(() => { });

        private static string[] Clouds => ["local", "google"];
    }
}
