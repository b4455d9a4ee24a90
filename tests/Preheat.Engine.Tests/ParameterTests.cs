using Nuke.Common;
using Nuke.Common.IO;
using Preheat.Engine.Tests.Support;

namespace Preheat.Engine.Tests;

public sealed class ParameterTests : BuildRunTests
{
    private readonly Sample _build = new();

    [Theory]
    [InlineData("--load-rate 7 Go")]
    [InlineData("Go --load-rate=7")]
    [InlineData("--LoadRate 7 Go")]
    [InlineData("--LOADRATE 7 Go")]
    [InlineData("-load-rate 7 Go")]
    [InlineData("Go --load-rate 3 --load-rate 7")]
    public void Reads_a_number_from_the_command_line_in_any_spelling(string arguments)
    {
        Run(arguments);
        _build.Seen["LoadRate"].ShouldBe(7);
        _build.Seen.ShouldContainKey("ran");
    }

    [Theory]
    [InlineData("LoadRate")]
    [InlineData("LOAD_RATE")]
    [InlineData("load_rate")]
    [InlineData("NUKE_LOAD_RATE")]
    [InlineData("Nuke_LoadRate")]
    public void Reads_a_number_from_the_environment(string name)
    {
        _run.Variables[name] = "7";
        Run("Go");
        _build.Seen["LoadRate"].ShouldBe(7);
    }

    [Fact]
    public void Prefers_the_command_line_then_the_environment_then_the_profile_then_the_common_file()
    {
        _run.WriteFile("parameters.json", """{ "$schema": "build.schema.json", "LoadRate": 1, "Model": "common", "Items": ["a", "b"], "Yes": true }""");
        _run.WriteFile("parameters.fast.json", """{ "LoadRate": 2, "Model": "profile", "Component": "c" }""");
        _run.Variables["NUKE_LOAD_RATE"] = "3";
        _run.Variables["LOAD_RATE"] = "33";
        Run("Go --profile fast --load-rate 4");
        _build.Seen["LoadRate"].ShouldBe(4);
        _build.Seen["Model"].ShouldBe("profile");
        _build.Seen["Items"].ShouldBe(new[] { "a", "b" });
        _build.Seen["Yes"].ShouldBe(true);

        Run("Go --profile fast");
        _build.Seen["LoadRate"].ShouldBe(3);
        _run.Variables.Clear();
        Run("Go --profile fast");
        _build.Seen["LoadRate"].ShouldBe(2);
        Run("Go");
        _build.Seen["LoadRate"].ShouldBe(1);
        _build.Seen["Model"].ShouldBe("common");
    }

    [Fact]
    public void Keeps_the_initial_value_of_a_parameter_that_no_source_has()
    {
        Run("Go");
        _build.Seen["Kept"].ShouldBe("initial");
        _build.Seen["Model"].ShouldBeNull();
        _build.Seen["LoadRate"].ShouldBeNull();
    }

    [Theory]
    [InlineData("--yes Go", true)]
    [InlineData("Go --yes", true)]
    [InlineData("--yes true Go", true)]
    [InlineData("--yes false Go", false)]
    [InlineData("--yes=False Go", false)]
    [InlineData("Go", false)]
    public void Takes_a_bare_switch_as_true_and_leaves_the_next_word_alone(string arguments, bool expected)
    {
        Run(arguments);
        _build.Seen["Yes"].ShouldBe(expected);
        _build.Seen.ShouldContainKey("ran");
    }

    [Fact]
    public void Reads_every_type()
    {
        _run.WorkingDirectory = Directory.CreateDirectory(Path.Combine(_run.Root, "sub")).FullName;
        Run("Go --items x y --items z --list a,b --place out/../here --level quiet --share 0.25 --count -5 --prefixed-name n --maybe false");
        _build.Seen["Items"].ShouldBe(new[] { "x", "y", "z" });
        _build.Seen["List"].ShouldBe(new[] { "a", "b" });
        _build.Seen["Place"].ShouldBe((AbsolutePath)Path.Combine(_run.WorkingDirectory, "here"));
        _build.Seen["Level"].ShouldBe(Verbosity.Quiet);
        _build.Seen["Share"].ShouldBe(0.25);
        _build.Seen["Count"].ShouldBe(-5);
        _build.Seen["Name"].ShouldBe("n");
        _build.Seen["Maybe"].ShouldBe(false);
    }

    [Fact]
    public void Takes_a_path_in_a_file_as_relative_to_the_root()
    {
        _run.WorkingDirectory = Directory.CreateDirectory(Path.Combine(_run.Root, "sub")).FullName;
        _run.WriteFile("parameters.json", """{ "Place": "here" }""");
        Run("Go");
        _build.Seen["Place"].ShouldBe((AbsolutePath)Path.Combine(_run.Root, "here"));
    }

    [Theory]
    [InlineData("--load-rate ten", "Parameter --load-rate: 'ten' is not a whole number (from the command line).")]
    [InlineData("--load-rate 7.5", "Parameter --load-rate: '7.5' is not a whole number (from the command line).")]
    [InlineData("--load-rate", "Option --load-rate needs a value: --load-rate VALUE.")]
    [InlineData("--yes=maybe", "Parameter --yes: 'maybe' is neither true nor false (from the command line).")]
    [InlineData("--level loud", "Parameter --level: 'loud' is none of Verbose, Normal, Minimal, Quiet (from the command line).")]
    [InlineData("--level 2", "Parameter --level: '2' is none of Verbose, Normal, Minimal, Quiet (from the command line).")]
    [InlineData("--colour mauve", "Parameter --colour: 'mauve' is none of red, green (from the command line).")]
    [InlineData("--share nan", "Parameter --share: 'nan' is not a number (from the command line).")]
    [InlineData("--verbosity loud", "Parameter --verbosity: 'loud' is none of Verbose, Normal, Minimal, Quiet (from the command line).")]
    public void Refuses_a_value_that_does_not_convert(string arguments, string message) => Refused("Go " + arguments, message);

    [Fact]
    public void Refuses_a_value_with_the_NUKE_prefix_that_does_not_convert()
    {
        _run.Variables["NUKE_LOAD_RATE"] = "ten";
        Refused("Go", "Parameter --load-rate: 'ten' is not a whole number (from NUKE_LOAD_RATE in the environment).");
    }

    [Fact]
    public void Ignores_a_bare_environment_name_whose_value_does_not_convert_with_a_warning()
    {
        _run.Variables["LOAD_RATE"] = "ten";
        _run.Variables["COLOUR"] = "mauve";
        _run.WriteFile("parameters.json", """{ "LoadRate": 1 }""");
        Run("Go");
        _build.Seen["LoadRate"].ShouldBe(1);
        _build.Seen["Colour"].ShouldBeNull();
        _run.Out.ShouldContain("[WRN] Ignored LOAD_RATE in the environment: 'ten' is not a whole number. If it is meant for --load-rate, set NUKE_LOAD_RATE.");
        _run.Out.ShouldContain("[WRN] Ignored COLOUR in the environment: 'mauve' is none of red, green.");
    }

    [Fact]
    public void Takes_an_empty_environment_variable_as_none_and_the_engines_options_only_with_the_prefix()
    {
        _run.Variables["NUKE_LOAD_RATE"] = "";
        _run.Variables["HELP"] = "true";
        _run.Variables["TARGET"] = "Elsewhere";
        _run.Variables["NUKE_TARGET"] = "Go";
        Run("");
        _build.Seen["LoadRate"].ShouldBeNull();
    }

    [Theory]
    [InlineData("""{ "LoadRate": "ten" }""", "Parameter --load-rate: 'ten' is not a whole number (from .nuke/parameters.json).")]
    [InlineData("""{ "LoadRtae": 1 }""", ".nuke/parameters.json: there is no parameter 'LoadRtae'; did you mean LoadRate?")]
    [InlineData("""{ "LoadRate": { } }""", ".nuke/parameters.json: 'LoadRate' must be a text, a number, true or false.")]
    [InlineData("""{ "Items": ["a", {}] }""", ".nuke/parameters.json: 'Items' must be a text, a number, true or false, or a list of these.")]
    [InlineData("{\n \"LoadRate\": }", ".nuke/parameters.json, line 2: not valid JSON.")]
    [InlineData("[]", ".nuke/parameters.json must hold one JSON object, { \"Parameter\": value, … }.")]
    public void Refuses_a_bad_parameters_file(string json, string message)
    {
        _run.WriteFile("parameters.json", json);
        Refused("Go", message);
    }

    [Fact]
    public void Refuses_a_profile_that_does_not_exist()
    {
        _run.WriteFile("parameters.fast.json", "{}");
        Refused("Go --profile fats", $"Profile 'fats' does not exist: no file .nuke/parameters.fats.json in {_run.Root}; did you mean fast?");
    }

    [Fact]
    public void Finds_the_root_upwards_or_takes_the_one_named()
    {
        _run.WorkingDirectory = Directory.CreateDirectory(Path.Combine(_run.Root, "a", "b")).FullName;
        Run("Go");
        _build.Seen["Root"].ShouldBe((AbsolutePath)_run.Root);
        Run("Go --root ..");
        _build.Seen["Root"].ShouldBe((AbsolutePath)Path.Combine(_run.Root, "a"));
    }

    [Fact]
    public void Refuses_to_run_where_no_root_is()
    {
        Directory.Delete(Path.Combine(_run.Root, ".nuke"));
        Refused("Go", $"No directory from {_run.Root} upwards holds '.nuke'. Run from inside the repository, or pass --root DIRECTORY.");
    }

    private void Run(string arguments)
    {
        _build.Seen.Clear();
        _run.Run(() => _build, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), x => x.Go).ShouldBe(0, _run.Output);
    }

    private void Refused(string arguments, string message)
    {
        _run.Run(() => _build, arguments.Split(' '), x => x.Go).ShouldBe(2);
        _run.Error.ShouldBe(message + "\n");
        _build.Seen.ShouldBeEmpty();
    }

    [ParameterPrefix("PrefixedPrefix")]
    private interface IComponent : INukeBuild
    {
        [Parameter] string? Name => TryGetValue(() => Name);
    }

    private interface IMore : INukeBuild
    {
        [Parameter] int? LoadRate => TryGetValue<int?>(() => LoadRate);
        [Parameter(Name = "Component")] string? Other => TryGetValue(() => Other);
        [Parameter] bool? Maybe => TryGetValue<bool?>(() => Maybe);
    }

    private sealed class Sample : NukeBuild, IComponent, IMore
    {
        [Parameter] public readonly string? Model;
        [Parameter] public readonly string Kept = "initial";
        [Parameter] public readonly bool Yes;
        [Parameter] public readonly string[]? Items;
        [Parameter(Separator = ",")] public readonly string[]? List;
        [Parameter] public readonly AbsolutePath? Place;
        [Parameter] public readonly Verbosity Level;
        [Parameter] public double? Share { get; set; }
        [Parameter] public int Count { get; }
        [Parameter(ValueProviderMember = nameof(Colours))] public readonly string? Colour;

        public Dictionary<string, object?> Seen { get; } = [];

        public static IEnumerable<string> Colours => ["red", "green"];

        public Target Go => _ => _.Executes(() =>
        {
            Seen["ran"] = true;
            Seen["Root"] = RootDirectory;
            Seen["LoadRate"] = ((IMore)this).LoadRate;
            Seen["Component"] = ((IMore)this).Other;
            Seen["Maybe"] = ((IMore)this).Maybe;
            Seen["Name"] = ((IComponent)this).Name;
            Seen["Model"] = Model;
            Seen["Kept"] = Kept;
            Seen["Yes"] = Yes;
            Seen["Items"] = Items;
            Seen["List"] = List;
            Seen["Place"] = Place;
            Seen["Level"] = Level;
            Seen["Share"] = Share;
            Seen["Count"] = Count;
            Seen["Colour"] = Colour;
        });
    }
}
