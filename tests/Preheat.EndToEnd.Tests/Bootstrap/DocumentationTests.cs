using System.Text.RegularExpressions;

namespace Preheat.EndToEnd.Tests.Bootstrap;

/// <summary>What the documents say about the repository is there.</summary>
public sealed partial class DocumentationTests
{
    private static readonly IReadOnlyList<string> Documents =
    [
        .. Directory.EnumerateFiles(RepositoryRoot.Path, "*.md"),
        .. Directory.EnumerateFiles(RepositoryRoot.File("docs"), "*.md", SearchOption.AllDirectories),
    ];

    [Fact]
    public void Every_relative_link_leads_to_something()
    {
        var broken = new List<string>();
        foreach (var document in Documents)
        {
            foreach (Match link in Link().Matches(File.ReadAllText(document)))
            {
                var target = Path.Combine(Path.GetDirectoryName(document)!, link.Groups["path"].Value);
                if (!File.Exists(target) && !Directory.Exists(target))
                {
                    broken.Add($"{Path.GetRelativePath(RepositoryRoot.Path, document)}: {link.Value}");
                }
            }
        }

        Documents.Count.ShouldBeGreaterThan(10);
        broken.ShouldBeEmpty();
    }

    /// <summary>The help is what the program says about itself: each target of it has a page, and each option of the README is in it.</summary>
    [Fact]
    public async Task Every_target_has_a_page_and_every_documented_option_exists()
    {
        var lines = new List<string>();
        var exit = await new Preheat.Testing.ChildProcess(TimeProvider.System).RunAsync(
            RepositoryRoot.File("build.sh"), ["--help"], "/", environment: null, (line, _) => lines.Add(line), CancellationToken.None);
        var help = string.Join('\n', lines);
        exit.ShouldBe(0, help);

        var targets = Target().Matches(help).Select(match => match.Groups["name"].Value).ToList();
        targets.ShouldContain("Verify");
        targets.Where(name => !File.Exists(RepositoryRoot.File($"docs/targets/{name}.md"))).ShouldBeEmpty();

        var options = Option().Matches(File.ReadAllText(RepositoryRoot.File("README.md"))).Select(match => match.Value).Distinct().ToList();
        options.Count.ShouldBeGreaterThan(20);
        options.Where(option => !Regex.IsMatch(help, $"(?m)^  {option}\\b(?!-)")).ShouldBeEmpty();
    }

    [GeneratedRegex(@"\]\((?<path>[^)#:]+)(#[^)]*)?\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    // In the help a target's name begins its line after two blanks; its description is indented further.
    [GeneratedRegex(@"^  (?<name>[A-Z][A-Za-z]+)( |$)", RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"(?<=[\s`(])--[a-z][a-z-]+", RegexOptions.ExplicitCapture)]
    private static partial Regex Option();
}
