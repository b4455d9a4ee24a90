using Preheat.Images;

namespace Preheat.Tests.Images;

public sealed class LayerJournalTests : IDisposable
{
    private static readonly KnownLayer First = Layer("first"), Second = Layer("second");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Remembers_layers_in_another_process()
    {
        Journal().Add(First);
        Journal().Add(Second);
        Journal().Read().Select(layer => layer.Digest).ShouldBe([First.Digest, Second.Digest]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public void A_line_cut_short_by_a_kill_costs_that_line_only(int missing)
    {
        Journal().Add(First);
        Journal().Add(Second);
        using (var file = File.OpenWrite(_folder["journal"]))
            file.SetLength(file.Length - missing);
        // Without its line feed alone, the line is still whole.
        var left = missing == 1 ? new[] { First.Digest, Second.Digest } : [First.Digest];
        Journal().Read().Select(layer => layer.Digest).ShouldBe(left);
        Journal().Add(Layer("third"));
        Journal().Read().Select(layer => layer.Digest).ShouldBe([.. left, Layer("third").Digest]);
    }

    [Fact]
    public void Without_a_path_remembers_nothing()
    {
        var journal = new LayerJournal(null);
        journal.Add(First);
        journal.Read().ShouldBeEmpty();
    }

    private static KnownLayer Layer(string name) => new(Digest.Of(System.Text.Encoding.UTF8.GetBytes(name)), 100, [new KnownFile("models/" + name, 90, new string('0', 64), null)]);

    private LayerJournal Journal() => new(_folder["journal"]);
}
