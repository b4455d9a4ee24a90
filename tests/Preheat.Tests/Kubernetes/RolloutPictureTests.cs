using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class RolloutPictureTests
{
    private static readonly DateTimeOffset Began = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Began.AddSeconds(90);

    [Fact]
    public void Shows_objects_pods_and_trouble() =>
        Picture([Pod("gemma-1-a", PodPhase.Image, 45, 60), Pod("gemma-1-bb", PodPhase.Node, 80, 1200), Pod("gemma-1-c", PodPhase.Served, 60, null)], "Pod/gemma-1-bb: no node yet: 0/2 nodes are available")
            .Lines(Now, 100, 20).ShouldBe(
            [
                "Deployment/gemma: 1 of 3 replicas ready, 1 min 30 s; 1 of 3 replicas available",
                "  Service/gemma unchanged, HorizontalPodAutoscaler/gemma created",
                "  gemma-1-a  [nnnn|iii.|....|....|....|....] image 45 s of 1 min 0 s",
                "  gemma-1-bb [n...|....|....|....|....|....] node 1 min 20 s of 20 min 0 s",
                "  gemma-1-c  [nnnn|iiii|cccc|wwww|rrrr|tttt] serves, after 30 s",
                "! Pod/gemma-1-bb: no node yet: 0/2 nodes are available",
            ]);

    [Fact]
    public void Shortens_bars_and_lists_on_a_narrow_terminal() =>
        Picture([Pod("gemma-1-a", PodPhase.Weights, 5, null)], "Pod/gemma-1-a: a long story about something").Lines(Now, 40, 20).ShouldBe(
        [
            "Deployment/gemma: 1 of 3 replicas ready,",
            "  Service/gemma unchanged and 1 more",
            "  gemma-1-a [nicw..] weights 5 s",
            "! Pod/gemma-1-a: a long story about some",
        ]);

    [Fact]
    public void Counts_the_pods_for_which_there_are_no_rows_and_shows_those_on_their_way_first()
    {
        var pods = Enumerable.Range(0, 30).Select(number => Pod($"p{number}", number < 20 ? PodPhase.Served : PodPhase.Ready, 1, 60)).ToList();
        var lines = Picture(pods, "trouble").Lines(Now, 100, 8);
        lines.Count.ShouldBe(8);
        lines[2].ShouldStartWith("  p20 [");
        lines[^2].ShouldBe("  and 26 more pods");
        lines[^1].ShouldBe("! trouble");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Never_takes_more_rows_or_columns_than_there_are(int rows)
    {
        foreach (var columns in new[] { 1, 10, 79, 200 })
        {
            var lines = Picture([Pod("a", PodPhase.Node, 1, 60), Pod("b", PodPhase.Node, 1, 60), Pod("c", PodPhase.Node, 1, 60)], "trouble").Lines(Now, columns, rows);
            lines.Count.ShouldBeLessThanOrEqualTo(rows);
            lines.ShouldAllBe(line => line.Length <= columns);
        }
    }

    [Fact]
    public void Fills_the_bar_no_further_than_its_end_when_the_limit_is_over() =>
        Picture([Pod("a", PodPhase.Ready, 85, 10)], null).Lines(Now, 100, 20)[^1].ShouldBe("  a [nnnn|iiii|cccc|wwww|rrrr|....] ready 1 min 25 s of 10 s");

    private static PodPicture Pod(string name, PodPhase phase, int seconds, int? limit) =>
        new(name, phase, Now.AddSeconds(-seconds), limit is { } most ? TimeSpan.FromSeconds(most) : null, Began);

    private static RolloutPicture Picture(IReadOnlyList<PodPicture> pods, string? trouble) =>
        new("Deployment/gemma", "1 of 3 replicas available", 1, 3, Began, ["Service/gemma unchanged", "HorizontalPodAutoscaler/gemma created"], pods, trouble);
}
