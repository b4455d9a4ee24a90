using System.Text;
using Preheat.Manifests;

namespace Preheat.Tests.Manifests;

public sealed class YamlTests
{
    [Theory]
    [InlineData("12", nameof(ScalarKind.Integer))]
    [InlineData("-3", nameof(ScalarKind.Integer))]
    [InlineData("99999999999999999999", nameof(ScalarKind.Float))]
    [InlineData("1.5e3", nameof(ScalarKind.Float))]
    [InlineData("1e999", nameof(ScalarKind.String))]
    [InlineData("true", nameof(ScalarKind.Boolean))]
    [InlineData("~", nameof(ScalarKind.Null))]
    [InlineData("\"12\"", nameof(ScalarKind.String))]
    [InlineData("12Gi", nameof(ScalarKind.String))]
    public void Reads_scalars_by_the_core_schema(string text, string kind) =>
        Read($"key: {text}\n").Find("key").ShouldBeOfType<YamlScalar>().Kind.ToString().ShouldBe(kind);

    [Theory]
    [InlineData("yes")]
    [InlineData("off")]
    [InlineData("0644")]
    [InlineData("0x1f")]
    [InlineData("1_000")]
    [InlineData("12:30")]
    [InlineData("2026-11-21")]
    public void Refuses_what_Kubernetes_reads_otherwise_but_only_where_asked(string word)
    {
        Should.Throw<UserException>(() => YamlReader.Read($"a: 1\nb: {word}\n", "f.yaml", strict: true)).Message.ShouldStartWith("f.yaml:2: ");
        YamlReader.Read($"b: {word}\n", "f.yaml", strict: false).Count.ShouldBe(1);
    }

    [Fact]
    public void Writes_back_what_it_read()
    {
        foreach (var text in new[] { "yes", "0644", "12", "a: b", " lead", "trail ", "#no", "tab\tand\nline", "quote\"\\", "-", "--flag=1", "---", "ends:", "", "null", "é😀", "\u2028", "=", "<<", "1.0", "2026-11-21", "a#b", "*x", "&x", "!x", "%x", "@x", "`x", "{x", "[x", "-x", "- x", "?x" })
        {
            var written = YamlWriter.Write(new YamlMap(default, [new(default, "key", new YamlScalar(default, text, ScalarKind.String)), new(default, text, new YamlList(default, [new YamlScalar(default, text, ScalarKind.String)]))]));
            var read = Read(written);
            read["key"].ShouldBeOfType<YamlScalar>().Text.ShouldBe(text, written);
            read["key"].ShouldBeOfType<YamlScalar>().Kind.ShouldBe(ScalarKind.String, written);
            read.Items(text).ShouldHaveSingleItem().ShouldBeOfType<YamlScalar>().Text.ShouldBe(text, written);
        }
    }

    [Fact]
    public void Refuses_deep_large_and_crowded_files()
    {
        var deep = new string('[', YamlReader.DeepestNesting + 1) + new string(']', YamlReader.DeepestNesting + 1);
        Should.Throw<UserException>(() => Read(deep)).Message.ShouldContain("nested deeper");
        Should.Throw<UserException>(() => Read(new string('#', YamlReader.LongestText + 1))).Message.ShouldContain("characters");
        var crowded = new StringBuilder().Insert(0, "- a\n", YamlReader.MostValues + 1).ToString();
        Should.Throw<UserException>(() => YamlReader.Read(crowded, "f.yaml", strict: false)).Message.ShouldContain("more than");
    }

    [Fact]
    public void Refuses_an_alias() =>
        Should.Throw<UserException>(() => Read("a: *x\n")).Message.ShouldContain("f.yaml:1");

    [Fact]
    public void Ends_damaged_files_with_a_message_and_nothing_else()
    {
        var text = File.ReadAllText(Path.Combine(RenderingFixture.SourceFolder, "base/vllm/deployment.yaml"));
        const string Inserted = "[]{}:,&*!|>'\"%@`#?-\n\t \0\u00e9";
        var random = new Random(7);
        var refused = 0;
        for (var round = 0; round < 600; round++)
        {
            var damaged = new StringBuilder(text);
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                if (random.Next(2) == 0)
                    damaged.Insert(random.Next(damaged.Length), Inserted[random.Next(Inserted.Length)]);
                else
                    damaged.Remove(random.Next(damaged.Length - 40), random.Next(1, 40));
            }
            try
            {
                YamlReader.Read(damaged.ToString(), "f.yaml", strict: true);
            }
            catch (UserException exception)
            {
                exception.Message.ShouldStartWith("f.yaml:");
                refused++;
            }
        }
        refused.ShouldBeInRange(50, 590);
    }

    private static YamlMap Read(string text) => YamlReader.Read(text, "f.yaml", strict: false).ShouldHaveSingleItem().ShouldBeOfType<YamlMap>();
}
