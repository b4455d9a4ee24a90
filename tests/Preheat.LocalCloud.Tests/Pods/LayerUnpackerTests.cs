using System.Formats.Tar;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Tests.Pods;

public sealed class LayerUnpackerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("preheat-unpack-").FullName;

    private string Root => Path.Combine(_directory, "root");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Unpacks_files_folders_links_and_modes()
    {
        var program = FakeImages.FileEntry("usr/bin/run", "#!");
        program.Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        await UnpackAsync(FakeImages.Gzip(FakeImages.MakeTar(
            new PaxTarEntry(TarEntryType.Directory, "usr/"), program, new PaxTarEntry(TarEntryType.SymbolicLink, "bin") { LinkName = "/usr/bin" },
            new PaxTarEntry(TarEntryType.HardLink, "usr/bin/same") { LinkName = "usr/bin/run" }, FakeImages.FileEntry("bin/other", "x"))), FakeImages.Tar + "+gzip");
        (await File.ReadAllTextAsync(Path.Combine(Root, "usr/bin/same"))).ShouldBe("#!");
        new FileInfo(Path.Combine(Root, "usr/bin/run")).UnixFileMode.ShouldBe(program.Mode);
        (await File.ReadAllTextAsync(Path.Combine(Root, "usr/bin/other"))).ShouldBe("x", "an absolute link is followed inside the root");
    }

    [Fact]
    public async Task Whiteouts_hide_what_lower_layers_left_and_nothing_of_their_own_layer()
    {
        await UnpackAsync(FakeImages.MakeTar(FakeImages.FileEntry("a/one", "1"), FakeImages.FileEntry("a/two", "2"), FakeImages.FileEntry("b/old/x", "3"), FakeImages.FileEntry("c", "4")));
        await UnpackAsync(FakeImages.MakeTar(
            FakeImages.FileEntry("a/.wh.one", ""), FakeImages.FileEntry("b/new/y", "5"), FakeImages.FileEntry("b/.wh..wh..opq", ""), FakeImages.FileEntry("c", "6")));
        Directory.GetFiles(Root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Root, path)).ShouldBe(["a/two", "b/new/y", "c"], ignoreOrder: true);
        (await File.ReadAllTextAsync(Path.Combine(Root, "c"))).ShouldBe("6");
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    public async Task Refuses_a_path_that_leaves_the_root(string name)
    {
        await Should.ThrowAsync<InvalidDataException>(() => UnpackAsync(FakeImages.MakeTar(FakeImages.FileEntry(name, "x"))));
        File.Exists(Path.Combine(_directory, "outside")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_link_never_leads_a_write_out_of_the_root()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_directory, "outside")).FullName;
        await UnpackAsync(FakeImages.MakeTar(
            new PaxTarEntry(TarEntryType.SymbolicLink, "up") { LinkName = "../outside" }, FakeImages.FileEntry("up/x", "1"),
            new PaxTarEntry(TarEntryType.SymbolicLink, "abs") { LinkName = outside }, FakeImages.FileEntry("abs/y", "2")));
        Directory.GetFileSystemEntries(outside).ShouldBeEmpty();
        await Should.ThrowAsync<InvalidDataException>(() => UnpackAsync(FakeImages.MakeTar(
            new PaxTarEntry(TarEntryType.SymbolicLink, "l1") { LinkName = "l2" }, new PaxTarEntry(TarEntryType.SymbolicLink, "l2") { LinkName = "l1" }, FakeImages.FileEntry("l1/x", "1"))));
    }

    [Fact]
    public async Task Refuses_a_blob_whose_digest_differs_or_that_is_no_tar()
    {
        var store = new FakeImages(Path.Combine(_directory, "blobs"));
        Directory.CreateDirectory(Root);
        var layer = store.Store(FakeImages.MakeTar(FakeImages.FileEntry("a", "1")), FakeImages.Tar);
        await Should.ThrowAsync<InvalidDataException>(() => LayerUnpacker.UnpackAsync(layer with { Digest = "sha256:" + new string('0', 64) }, Root, CancellationToken.None));
        await Should.ThrowAsync<InvalidDataException>(() => UnpackAsync(new byte[700].Select((_, at) => (byte)(at * 7)).ToArray()));
        await Should.ThrowAsync<InvalidDataException>(() => UnpackAsync("no gzip at all"u8.ToArray(), FakeImages.Tar + "+gzip"));
        await Should.ThrowAsync<InvalidDataException>(() => UnpackAsync([1, 2], FakeImages.Tar + "+zstd"));
    }

    private async Task UnpackAsync(byte[] blob, string mediaType = FakeImages.Tar)
    {
        Directory.CreateDirectory(Root);
        await LayerUnpacker.UnpackAsync(new FakeImages(Path.Combine(_directory, "blobs")).Store(blob, mediaType), Root, CancellationToken.None);
    }
}
