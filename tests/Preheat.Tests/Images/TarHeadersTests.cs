using System.Formats.Tar;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Preheat.Images;

namespace Preheat.Tests.Images;

public sealed class TarHeadersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_frameworks_reader_reads_back_any_path_and_content() =>
        Prop.ForAll(Entries().ToArbitrary(), entry =>
        {
            using var archive = new MemoryStream([.. TarHeaders.File(entry.Path, entry.Content.Length), .. entry.Content, .. new byte[TarHeaders.Padding(entry.Content.Length)], .. TarHeaders.End.Span]);
            using var reader = new TarReader(archive);
            var read = reader.GetNextEntry()!;
            using var content = new MemoryStream();
            read.DataStream?.CopyTo(content);
            return read.Name == entry.Path && content.ToArray().AsSpan().SequenceEqual(entry.Content) && (int)read.Mode == 0x1A4 && read.Uid == 0 && read.Gid == 0
                && read.ModificationTime == DateTimeOffset.UnixEpoch && reader.GetNextEntry() is null;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Tar_lists_a_file_of_nine_gibibytes_and_what_follows_it()
    {
        const long size = 9L << 30;
        await using (var archive = File.Create(_folder["big.tar"]))
        {
            archive.Write(TarHeaders.Directory("models"));
            archive.Write(TarHeaders.File("models/big.safetensors", size));
            // A hole: nine gibibytes that take no place.
            archive.Seek(size, SeekOrigin.Current);
            archive.Write(TarHeaders.File("models/config.json", 2));
            archive.Write("{}"u8);
            archive.Write(new byte[TarHeaders.Padding(2)]);
            archive.Write(TarHeaders.End.Span);
        }
        var lines = (await DebianTool.RunAsync("tar", "--numeric-owner", "--utc", "-tvf", _folder["big.tar"])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.Length.ShouldBe(3);
        lines[0].ShouldMatch(@"^drwxr-xr-x 0/0 +0 1970-01-01 00:00 models/$");
        lines[1].ShouldMatch(@"^-rw-r--r-- 0/0 +9663676416 1970-01-01 00:00 models/big\.safetensors$");
        lines[2].ShouldMatch(@"^-rw-r--r-- 0/0 +2 1970-01-01 00:00 models/config\.json$");
    }

    [Fact]
    public async Task Tar_reads_names_that_ustar_cannot_hold()
    {
        var names = new[] { $"models/{new string('n', 140)}.json", $"{new string('d', 150)}/{new string('n', 90)}", "models/größe-模型.json", new string('x', 100) };
        await using (var archive = File.Create(_folder["names.tar"]))
        {
            foreach (var name in names)
                archive.Write(TarHeaders.File(name, 0));
            archive.Write(TarHeaders.End.Span);
        }
        var listed = await DebianTool.RunAsync("tar", "--quoting-style=literal", "-tf", _folder["names.tar"]);

        listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(names);
    }

    private static Gen<(string Path, byte[] Content)> Entries()
    {
        var part = Gen.Elements("a", "models", "größe", new string('y', 60), new string('z', 120), "模型", "with space", "x.json");
        var path = part.NonEmptyListOf().Select(parts => string.Join('/', parts.Take(6)));
        var content = Gen.Choose(0, 1600).Select(length => Encoding.ASCII.GetBytes(new string('c', length)));
        return path.SelectMany(_ => content, (name, bytes) => (name, bytes));
    }
}
