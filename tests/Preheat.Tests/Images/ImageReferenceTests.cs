using FsCheck;
using FsCheck.Fluent;
using Preheat.Images;

namespace Preheat.Tests.Images;

public sealed class ImageReferenceTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("vllm/vllm-openai:v0.11.1", "docker.io/vllm/vllm-openai:v0.11.1")]
    [InlineData("ubuntu", "docker.io/library/ubuntu")]
    [InlineData("docker.io/ubuntu:24.04", "docker.io/library/ubuntu:24.04")]
    [InlineData("index.docker.io/a/b", "docker.io/a/b")]
    [InlineData("localhost/a", "localhost/a")]
    [InlineData("localhost:5000/a/b:t", "localhost:5000/a/b:t")]
    [InlineData("us-docker.pkg.dev/p-1/r/i_x/y--z@sha256:" + Hex, "us-docker.pkg.dev/p-1/r/i_x/y--z@sha256:" + Hex)]
    [InlineData("gcr.io/a/b:t@sha256:" + Hex, "gcr.io/a/b:t@sha256:" + Hex)]
    public void Normalises_as_docker_does(string text, string normal) => ImageReference.Parse(text).ToString().ShouldBe(normal);

    [Theory]
    [InlineData("")]
    [InlineData("Vllm/Upper")]
    [InlineData("a//b")]
    [InlineData("a/b/")]
    [InlineData("/a")]
    [InlineData("a b")]
    [InlineData("a:")]
    [InlineData("a:-tag")]
    [InlineData("a@sha256:abc")]
    [InlineData("a@sha512:" + Hex)]
    [InlineData("a@")]
    [InlineData("http://host/a")]
    [InlineData("host.io:99999999/a")]
    [InlineData("a..b/c")]
    [InlineData("a/../b")]
    [InlineData("a\n")]
    [InlineData("host.io/a:t\n")]
    public void Refuses_what_is_no_reference(string text)
    {
        ImageReference.TryParse(text, out _).ShouldBeFalse();
        Should.Throw<UserException>(() => ImageReference.Parse(text)).ExitCode.ShouldBe(2);
    }

    [Fact]
    public void What_is_printed_is_read_back() =>
        Prop.ForAll(References().ToArbitrary(), text => ImageReference.Parse(text).ToString() == text).QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_makes_the_parser_throw() =>
        Prop.ForAll<string>(text => !ImageReference.TryParse(text, out var reference) || ImageReference.Parse(reference.ToString()) == reference).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:e3b0")]
    [InlineData("sha1:" + Hex)]
    [InlineData(Hex)]
    [InlineData(null)]
    public void Refuses_what_is_no_digest(string? text) => Digest.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void The_digest_of_nothing_is_known() => Digest.Of([]).ToString().ShouldBe("sha256:" + Hex);

    private static Gen<string> References()
    {
        var word = Gen.Elements("a", "b2", "x-y", "p__q", "v.1", "m--n", "0");
        var host = Gen.Elements("docker.io/o", "host.example", "localhost:5000", "127.0.0.1:80", "EU-docker.pkg.dev");
        var path = word.NonEmptyListOf().Select(words => string.Join('/', words.Take(5)));
        var end = Gen.Elements("", ":v1", ":_x.-9", "@sha256:" + Hex, ":t@sha256:" + Hex);
        return host.SelectMany(_ => path, (first, rest) => $"{first}/{rest}").SelectMany(_ => end, (name, last) => name + last);
    }
}
