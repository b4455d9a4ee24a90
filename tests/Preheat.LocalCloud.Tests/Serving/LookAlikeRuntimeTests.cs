using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Tests.Serving;

public sealed class LookAlikeRuntimeTests
{
    [Theory]
    [InlineData("python3 -m vllm.entrypoints.openai.api_server --model=/m", true)]
    [InlineData("/usr/bin/python3.12 -u -m vllm.entrypoints.api_server", true)]
    [InlineData("python -m vllm.entrypoints.openai.api_server", true)]
    [InlineData("/usr/local/bin/vllm serve /m", true)]
    [InlineData("vllm bench", false)]
    [InlineData("python3 -m http.server", false)]
    [InlineData("python3 server.py", false)]
    [InlineData("pythonista -m vllm.entrypoints.api_server", false)]
    [InlineData("text-generation-launcher --model-id x", true)]
    [InlineData("/tgi-entrypoint.sh", true)]
    [InlineData("text-generation-router --port 80", false)]
    [InlineData("sleep 10", false)]
    public void Is_recognised_by_argv_alone(string argv, bool accepted) => new LookAlikeRuntime().Accepts(argv.Split(' ')).ShouldBe(accepted);
}
