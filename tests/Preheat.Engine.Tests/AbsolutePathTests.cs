using Nuke.Common.IO;

namespace Preheat.Engine.Tests;

public sealed class AbsolutePathTests : IDisposable
{
    private readonly AbsolutePath _root = Directory.CreateTempSubdirectory("preheat-path-").FullName;

    public void Dispose() => _root.DeleteDirectory();

    [Fact]
    public void Joins_and_normalises()
    {
        var path = _root / "a/b" / ".." / "c.tar.gz";
        path.ToString().ShouldBe(Path.Combine(_root, "a", "c.tar.gz"));
        path.ShouldBe(_root / "a" / "c.tar.gz");
        (path == _root / "a").ShouldBeFalse();
        path.Name.ShouldBe("c.tar.gz");
        path.NameWithoutExtension.ShouldBe("c.tar");
        path.Extension.ShouldBe(".gz");
        path.Parent.ShouldBe(_root / "a");
        (path + ".part").Name.ShouldBe("c.tar.gz.part");
        AbsolutePath.Create("/").Parent.ShouldBeNull();
        ((string?)(AbsolutePath?)null).ShouldBeNull();
    }

    [Fact]
    public void Refuses_a_relative_path() => Should.Throw<ArgumentException>(() => AbsolutePath.Create("a/b"));

    [Fact]
    public void Writes_one_line_break_at_the_end_and_reads_it_back()
    {
        var file = _root / "deep" / "file.txt";
        file.WriteAllText("text\n\n");
        file.ReadAllText().ShouldBe("text\n");
        file.WriteAllText("text", eofLineBreak: false);
        file.ReadAllText().ShouldBe("text");
        file.Exists().ShouldBeTrue();
        Should.Throw<ArgumentException>(() => _root.Exists());
    }

    [Fact]
    public void Finds_by_pattern_in_a_fixed_order()
    {
        foreach (var name in new[] { "b.json", "a.json", "a.txt", "x/c.json", "x/y/d.json" })
        {
            (_root / name).WriteAllText("");
        }

        string[] Names(params string[] patterns) => [.. _root.GlobFiles(patterns).Select(path => Path.GetRelativePath(_root, path))];

        Names("*.json").ShouldBe(["a.json", "b.json"]);
        Names("**/*.json").ShouldBe(["a.json", "b.json", "x/c.json", "x/y/d.json"]);
        Names("x/*/?.json").ShouldBe(["x/y/d.json"]);
        Names("*.txt", "x/*.json").ShouldBe(["a.txt", "x/c.json"]);
        _root.GlobDirectories("**").Select(path => path.Name).ShouldBe(["x", "y"]);
        (_root / "none").GlobFiles("*").ShouldBeEmpty();
    }

    [Fact]
    public void Copies_and_moves_as_the_policy_says()
    {
        (_root / "from" / "a").WriteAllText("new");
        (_root / "from" / "sub" / "b").WriteAllText("b");
        (_root / "to" / "a").WriteAllText("old");
        Should.Throw<IOException>(() => (_root / "from").Copy(_root / "to"));
        (_root / "from").Copy(_root / "to", ExistsPolicy.MergeAndSkip);
        (_root / "to" / "a").ReadAllText().ShouldBe("old\n");
        (_root / "to" / "sub" / "b").FileExists().ShouldBeTrue();
        Should.Throw<IOException>(() => (_root / "from").Move(_root / "from" / "inside"));
        (_root / "from").Move(_root / "to", ExistsPolicy.MergeAndOverwrite);
        (_root / "to" / "a").ReadAllText().ShouldBe("new\n");
        (_root / "from").DirectoryExists().ShouldBeFalse();
    }

    [Fact]
    public void Leaves_an_empty_directory_or_none()
    {
        (_root / "d" / "file").TouchFile();
        (_root / "d").CreateOrCleanDirectory();
        Directory.EnumerateFileSystemEntries(_root / "d").ShouldBeEmpty();
        (_root / "d").DeleteDirectory();
        (_root / "d").DeleteDirectory();
        (_root / "d").DirectoryExists().ShouldBeFalse();
    }
}
