using Nuke.Common;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

/// <summary>A required parameter that no source gives is asked for, only where somebody can answer.</summary>
public sealed class PromptTests : BuildRunTests
{
    private readonly Sample _build = new();
    private readonly List<bool> _asked = [];

    [Fact]
    public void Asks_at_a_terminal_and_uses_the_answer()
    {
        Answer("google", "7");
        Run("Publish").ShouldBe(0, _run.Output);
        _run.Out.ShouldContain("Which cloud (google, local): ");
        _build.Ran.ShouldBe(["Publish to google, 7 times"]);
        ((IHazCount)_build).Count.ShouldBe(7);
    }

    [Fact]
    public void Asks_again_when_the_answer_does_not_convert()
    {
        Answer("azure", "", "local", "many", "2");
        Run("Publish").ShouldBe(0, _run.Output);
        _run.Error.ShouldContain("'azure' is none of google, local.");
        _run.Error.ShouldContain("'many' is not a whole number.");
        _build.Ran.ShouldBe(["Publish to local, 2 times"]);
    }

    [Fact]
    public void Asks_for_a_secret_without_echo_and_masks_it()
    {
        Answer("canary-4711");
        Run("Login").ShouldBe(0, _run.Output);
        _asked.ShouldBe([true]);
        _build.Ran.ShouldBe(["Login with canary-4711"]);
        _run.Output.ShouldNotContain("canary-4711");
        _run.Out.ShouldContain("token is ***");
    }

    [Fact]
    public void Gives_up_when_the_input_ends()
    {
        Answer();
        Run("Publish").ShouldBe(2);
        _run.Error.ShouldContain("Target 'Publish' requires member 'Cloud' to be not null or empty.");
    }

    [Fact]
    public void Gives_up_after_three_wrong_answers()
    {
        Answer("a", "b", "c");
        Run("Publish").ShouldBe(2);
        _asked.Count.ShouldBe(4, "three times for the cloud, and once for the count, where the input ends");
        _build.Ran.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("a pipe")]
    [InlineData("a CI service")]
    [InlineData("the plan")]
    public void Asks_nobody_who_cannot_answer(string where)
    {
        Answer("google", "7");
        _run.TerminalWidth = where == "a pipe" ? null : 80;
        if (where == "a CI service")
        {
            _run.Variables["CI"] = "true";
        }

        Run(where == "the plan" ? "Publish --plan" : "Publish").ShouldBe(where == "the plan" ? 0 : 2);
        _asked.ShouldBeEmpty();
    }

    private void Answer(params string[] answers)
    {
        var left = new Queue<string>(answers);
        _run.TerminalWidth = 80;
        _run.Variables["NO_COLOR"] = "1";
        _run.ReadLine = isSecret =>
        {
            _asked.Add(isSecret);
            return left.TryDequeue(out var answer) ? answer : null;
        };
    }

    private int Run(string arguments) => _run.Run(() => _build, arguments.Split(' '), x => x.Publish);

    private interface IHazCount : INukeBuild
    {
        [Parameter("How often")] int? Count => TryGetValue<int?>(() => Count);
    }

    private sealed class Sample : RecordingBuild, IHazCount
    {
        [Parameter("Which cloud.", ValueProviderMember = nameof(Clouds))] private readonly string? Cloud;
        [Parameter, Secret] private readonly string? Token;

        private static IEnumerable<string> Clouds => ["google", "local"];

        public Target Publish => _ => _
            .Requires(() => Cloud)
            .Requires(() => ((IHazCount)this).Count)
            .Executes(() => Ran.Add($"Publish to {Cloud}, {((IHazCount)this).Count} times"));

        private Target Login => _ => _.Requires(() => Token).Executes(() =>
        {
            Ran.Add($"Login with {Token}");
            Serilog.Log.Information("token is {Token:l}", Token);
        });
    }
}
