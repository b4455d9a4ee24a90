using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Tests.Pods;

public sealed class ShellCommandTests
{
    private static readonly Dictionary<string, string> Environment = new() { ["PORT"] = "9000", ["NAME"] = "a b", ["EMPTY"] = "", ["LEN"] = "4096" };

    [Theory]
    [InlineData("exec vllm serve", "vllm|serve")]
    [InlineData("vllm  serve 'a b' \"c $PORT\"", "vllm|serve|a b|c 9000")]
    [InlineData("x --port ${PORT:-8000}", "x|--port|9000")]
    [InlineData("x --port ${NONE:-8000} ${EMPTY:-7}", "x|--port|8000|7")]
    [InlineData("x ${EMPTY-7} ${NONE-7}", "x|7")]
    [InlineData("x ${LEN:+--max-model-len \"$LEN\"}", "x|--max-model-len|4096")]
    [InlineData("x ${NONE:+--max-model-len \"$NONE\"}", "x")]
    [InlineData("x $NAME \"$NAME\" ''", "x|a|b|a b|")]
    [InlineData("x a\\ b \"q\\\"q\" \\\n  --last", "x|a b|q\"q|--last")]
    [InlineData("exec x \"$@\"", "x|one|two words")]
    [InlineData("x --pre$1", "x|--preone")]
    [InlineData("x 5$", "x|5$")]
    public void Reads_a_simple_command(string script, string expected) =>
        ShellCommand.Unwrap(["/bin/sh", "-c", script, "sh", "one", "two words"], Environment).ShouldBe(expected.Split('|'));

    [Theory]
    [InlineData("a && b")]
    [InlineData("a | b")]
    [InlineData("a; b")]
    [InlineData("a > out")]
    [InlineData("x $(date)")]
    [InlineData("x `date`")]
    [InlineData("x 'open")]
    [InlineData("x \"open")]
    [InlineData("x ${V")]
    [InlineData("x ${V%.*}")]
    [InlineData("V=1 x")]
    [InlineData("ls *")]
    [InlineData("a\nb")]
    [InlineData("a # comment")]
    [InlineData("")]
    public void Does_not_pretend_to_understand_more(string script) => ShellCommand.Unwrap(["sh", "-c", script], Environment).ShouldBeNull();

    [Fact]
    public void Leaves_other_programs_alone() => ShellCommand.Unwrap(["python3", "-c", "a; b"], Environment).ShouldBe(["python3", "-c", "a; b"]);
}
