using Nuke.Common.IO;
using Nuke.Common.Utilities.Collections;

namespace Preheat.Engine.Tests;

public sealed class PathSurfaceTests : IDisposable
{
    private readonly AbsolutePath _root = AbsolutePath.Create(Directory.CreateTempSubdirectory("preheat-path-").FullName);

    public void Dispose() => _root.DeleteDirectory();

    [Fact]
    public void Finds_what_is_there_and_nothing_else()
    {
        var file = (_root / "a" / "b" / "c.txt").TouchFile();
        file.ExistingFile().ShouldBe(file);
        file.ExistingDirectory().ShouldBeNull();
        (_root / "none").ExistingFile().ShouldBeNull();
        file.Existing().ShouldBe(file);
        var noFile = _root / "none";
        noFile.Existing().ShouldBeNull();
        (_root / "a").ContainsDirectory("b").ShouldBeTrue();
        (_root / "a").ContainsFile("*.txt").ShouldBeFalse();
        (_root / "a").ContainsFile("*.txt", SearchOption.AllDirectories).ShouldBeTrue();
        new[] { file, noFile, _root / "a" }.WhereFileExists().ShouldBe([file]);
        new[] { file, noFile, _root / "a" }.WhereDirectoryExists().ShouldBe([_root / "a"]);
        file.FindParent(parent => parent.Name == "a").ShouldBe(_root / "a");
        file.FindParent(parent => parent.Name == "c.txt").ShouldBeNull();
        file.FindParentOrSelf(parent => parent.Name == "c.txt").ShouldBe(file);
    }

    [Fact]
    public void Lists_files_and_directories_down_to_a_depth()
    {
        foreach (var name in new[] { "1.txt", "a/2.txt", "a/b/3.txt", "z/4.md" })
        {
            (_root / name).TouchFile();
        }

        _root.GetFiles().ShouldBe([_root / "1.txt"]);
        _root.GetFiles("*.txt", depth: 2).ShouldBe([_root / "1.txt", _root / "a" / "2.txt"]);
        _root.GetFiles(depth: 9).Count().ShouldBe(4);
        _root.GetFiles(depth: 0).ShouldBeEmpty();
        _root.GetDirectories().ShouldBe([_root / "a", _root / "z"]);
        _root.GetDirectories(depth: 2).ShouldBe([_root / "a", _root / "z", _root / "a" / "b"]);
        _root.GlobFiles("**/*.txt").Count.ShouldBe(3);
        _root.GetFiles(attributes: FileAttributes.Normal | FileAttributes.Archive | FileAttributes.ReadOnly | FileAttributes.None).Count().ShouldBeLessThan(2);
    }

    [Fact]
    public void Reads_lines_and_bytes()
    {
        var file = (_root / "a.txt").WriteAllText("one\ntwo");
        file.ReadAllLines().ShouldBe(["one", "two"]);
        file.ReadAllBytes().Length.ShouldBe(8);
        Should.Throw<FileNotFoundException>(() => (_root / "none").ReadAllLines());
    }

    [Fact]
    public void Knows_and_changes_extensions_and_quotes()
    {
        var path = _root / "a b.TXT";
        path.HasExtension(".md", "txt").ShouldBeTrue();
        path.HasExtension(".md").ShouldBeFalse();
        path.WithExtension("md").Name.ShouldBe("a b.md");
        $"{path:d}".ShouldBe($"\"{path}\"");
        $"{path:sn}".ShouldBe($"'{path}'");
        $"{_root / "ab":dn}".ShouldBe($"{_root}/ab");
        Should.Throw<FormatException>(() => path.ToString("x"));
        path.ToFileInfo().Name.ShouldBe("a b.TXT");
        _root.ToDirectoryInfo().Exists.ShouldBeTrue();
    }

    [Fact]
    public void Renames_moves_and_copies_into_directories()
    {
        var file = (_root / "a.txt").TouchFile();
        file.Rename("b.txt").ShouldBe(_root / "b.txt");
        file.FileExists().ShouldBeFalse();
        (_root / "b.txt").Rename(path => path.NameWithoutExtension + ".md").ShouldBe(_root / "b.md");
        (_root / "b.md").RenameWithoutExtension("c").ShouldBe(_root / "c.md");
        (_root / "c.md").CopyToDirectory(_root / "d").FileExists().ShouldBeTrue();
        Should.Throw<IOException>(() => (_root / "c.md").MoveToDirectory(_root / "d"));
        (_root / "c.md").MoveToDirectory(_root / "d", ExistsPolicy.FileOverwrite);
        (_root / "c.md").FileExists().ShouldBeFalse();
        new[] { _root / "d" / "c.md", _root / "none" }.DeleteFiles();
        new[] { _root / "d", _root / "none" }.DeleteDirectories();
        _root.GetFiles(depth: 9).ShouldBeEmpty();
    }

    [Fact]
    public void Adds_pairs_and_items()
    {
        IDictionary<string, string> pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        string? noText = null;
        pairs.AddPair("one", 1).AddPair("two", "2").AddPairWhenKeyNotNull(noText, "no").AddPairWhenKeyNotNull("three", "yes");
        pairs.AddPairWhenValueNotNull("four", noText!);
        pairs.Keys.ShouldBe(["one", "two", "three"]);
        pairs["one"].ShouldBe("1");
        Should.Throw<ArgumentException>(() => pairs.AddPair("one", "again"));
        var seen = new List<string>();
        1.Concat([2, 3]).ForEach((item, index) => seen.Add($"{index}:{item}"));
        new[] { 4 }.Concat(5).ForEach(item => seen.Add($"{item}"));
        var lazy = new[] { 6 }.ForEachLazy(item => seen.Add($"{item}"));
        seen.ShouldBe(["0:1", "1:2", "2:3", "4", "5"]);
        lazy.Count().ShouldBe(1);
        seen[^1].ShouldBe("6");
    }
}
