using System.Text;
using Preheat.Load;

namespace Preheat.Tests.Load;

public sealed class TargetsFileTests : IDisposable
{
    private static readonly Uri Base = new("https://127.0.0.1:6443/api/v1/namespaces/ns/services/http:vllm:8000/proxy/");

    private readonly string _folder = Directory.CreateTempSubdirectory("preheat-targets-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<LoadTarget> Parse(string text) => TargetsFile.Parse(text.Split('\n'), Path.Combine(_folder, "targets.txt"), Base);

    private string Refusal(string text) => Should.Throw<UserException>(() => Parse(text)).Message.Replace(_folder + "/", "", StringComparison.Ordinal);

    [Fact]
    public void Reads_methods_headers_and_bodies()
    {
        File.WriteAllText(Path.Combine(_folder, "body.json"), """{"prompt":"x"}""");
        var targets = Parse("# a comment\nPOST /generate\nContent-Type: application/json\nX-Empty:\n@body.json\n\n\nGET health\n");
        targets.Count.ShouldBe(2);
        targets[0].Method.ShouldBe(HttpMethod.Post);
        targets[0].Headers.ShouldBe([new("Content-Type", "application/json"), new("X-Empty", "")]);
        Encoding.UTF8.GetString(targets[0].Body.Span).ShouldBe("""{"prompt":"x"}""");
        targets[1].Body.Length.ShouldBe(0);
    }

    [Theory]
    [InlineData("/generate", "generate")]
    [InlineData("v1/models?x=a:b", "v1/models?x=a:b")]
    [InlineData("/", "")]
    public void A_path_lies_below_the_endpoints_own_base_path(string written, string below) =>
        Parse($"GET {written}")[0].Address.ShouldBe(new Uri(Base.AbsoluteUri + below));

    [Fact]
    public void An_absolute_url_at_the_endpoint_stays_as_it_is() =>
        Parse("GET https://127.0.0.1:6443/version")[0].Address.AbsoluteUri.ShouldBe("https://127.0.0.1:6443/version");

    [Theory]
    [InlineData("http://127.0.0.1:6443/generate")]
    [InlineData("https://127.0.0.1:6444/generate")]
    [InlineData("/../../../../secrets")]
    public void A_url_elsewhere_is_refused_as_credentials_would_go_there(string url) =>
        Refusal($"GET /health\n\nGET {url}").ShouldContain($"targets.txt:3: '{url}' is not at the endpoint");

    [Fact]
    public void Lists_every_wrong_line_with_its_number()
    {
        var message = Refusal("get /lower\n\nPOST /a\nno header\n@missing.json\nX: y\n\nPOST /b\n@missing.json\n@missing.json");
        message.ShouldContain("targets.txt:1: 'get /lower' is not 'METHOD URL'");
        message.ShouldContain("targets.txt:4: 'no header' is not 'Header-Name: value'");
        message.ShouldContain("targets.txt:5: cannot read the body file 'missing.json'");
        message.ShouldContain("targets.txt:6: 'X: y' after the body");
        message.ShouldContain("targets.txt:10: a second body");
    }

    [Fact]
    public void Refuses_a_file_without_a_target() => Refusal("# nothing\n\n").ShouldContain("targets.txt:1: no target");

    [Fact]
    public void Targets_may_follow_one_another_without_a_blank_line() => Parse("GET /a\nX: 1\nGET /b").Select(target => target.Headers.Count).ShouldBe([1, 0]);

    [Fact]
    public void A_missing_file_is_bad_input()
    {
        var thrown = Should.Throw<UserException>(() => TargetsFile.Read(Path.Combine(_folder, "none.txt"), Base));
        thrown.ExitCode.ShouldBe(2);
        thrown.Message.ShouldContain("none.txt");
    }
}
