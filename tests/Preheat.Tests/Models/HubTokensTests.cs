using Preheat.Models;

namespace Preheat.Tests.Models;

public sealed class HubTokensTests : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public HubTokensTests() => _environment["HOME"] = _home.Path;

    public void Dispose() => _home.Dispose();

    [Fact]
    public void There_is_none_where_nobody_has_logged_in() => HubTokens.Find(null, Read).ShouldBeNull();

    [Fact]
    public void The_option_wins_over_the_environment_and_that_over_files()
    {
        Keep(".cache/huggingface/token", "hf_kept\n");
        Found().ShouldBe("hf_kept");
        _environment["XDG_CACHE_HOME"] = _home["cache"];
        Keep("cache/huggingface/token", "hf_cache");
        Found().ShouldBe("hf_cache");
        _environment["HF_HOME"] = "~/hf";
        Keep("hf/token", "hf_home");
        Found().ShouldBe("hf_home");
        _environment["HF_TOKEN_PATH"] = _home["path"];
        Keep("path", " hf_path\r\n");
        Found().ShouldBe("hf_path");
        _environment["HUGGING_FACE_HUB_TOKEN"] = "hf_older";
        Found().ShouldBe("hf_older");
        _environment["HF_TOKEN"] = "hf_environment";
        Found().ShouldBe("hf_environment");
        HubTokens.Find("hf_option", Read)!.Reveal().ShouldBe("hf_option");
    }

    [Fact]
    public void A_named_place_without_a_file_is_the_only_place_looked_at()
    {
        Keep(".cache/huggingface/token", "hf_kept");
        _environment["HF_HOME"] = _home["elsewhere"];
        HubTokens.Find("", Read).ShouldBeNull();
    }

    [Fact]
    public void A_kept_token_is_left_alone_where_that_is_wished()
    {
        Keep(".cache/huggingface/token", "hf_kept");
        _environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1";
        HubTokens.Find(null, Read).ShouldBeNull();
        _environment["HF_TOKEN"] = "hf_explicit";
        Found().ShouldBe("hf_explicit");
    }

    [Fact]
    public void Refuses_a_token_with_something_else_inside_and_does_not_tell_it()
    {
        _environment["HF_TOKEN"] = "hf_abc\nHost: evil";
        var error = Should.Throw<UserException>(() => HubTokens.Find(null, Read));
        error.Message.ShouldContain("HF_TOKEN");
        error.Message.ShouldNotContain("hf_abc");
    }

    [Theory]
    [InlineData("hf_a b", "from HF_TOKEN ")]
    [InlineData("other", "from --hf-token ")]
    public void Says_where_a_bad_token_comes_from_also_when_the_option_took_it_from_the_environment(string set, string source)
    {
        _environment["HF_TOKEN"] = set;
        Should.Throw<UserException>(() => HubTokens.Find("hf_a b", Read)).Message.ShouldContain(source);
    }

    private string Found() => HubTokens.Find(null, Read)!.Reveal();

    private string? Read(string name) => _environment.GetValueOrDefault(name);

    private void Keep(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_home[path])!);
        File.WriteAllText(_home[path], text);
    }
}
