using System.Text.Json.Nodes;
using Preheat.Images;

namespace Preheat.Tests.Images;

public sealed class ImageRecipeTests
{
    private const string Start = "ARG BASE_IMAGE=acme/base:1\nFROM scratch AS weights\nFROM ${BASE_IMAGE}\n";
    private const string Copy = "COPY --from=weights / /models/x\n";

    [Fact]
    public void The_repositorys_own_recipe_is_followed()
    {
        var dockerfile = DockerfileReader.Parse(File.ReadAllText(Recipe.Path), "Dockerfile.vllm");
        var arguments = new Dictionary<string, string> { ["BASE_IMAGE"] = "acme/vllm:2", ["MODEL_ID"] = "acme/tiny", ["MODEL_NAME"] = "tiny", ["MODEL_REVISION"] = "abc" };
        ImageRecipe.BaseImage(dockerfile, arguments).ShouldBe("acme/vllm:2");
        var config = new JsonObject();
        ImageRecipe.Apply(dockerfile, arguments, config).ModelPath.ShouldBe("/models/tiny");
        config["Env"]!.ToJsonString().ShouldBe("""["HF_HUB_OFFLINE=1"]""");
        config["Labels"]!["org.opencontainers.image.revision"]!.GetValue<string>().ShouldBe("abc");
        config.ContainsKey("Entrypoint").ShouldBeFalse();
    }

    [Theory]
    [InlineData("ENV A=1 B=\"two words\" C='$A' D=$A", """{"Env":["A=1","B=two words","C=$A","D="]}""")]
    [InlineData("ENV A=1\nENV A=2 B=$A\nENV C=${A}x D=${NO:-d} E=${A:+set} F=\\$A", """{"Env":["A=2","B=1","C=2x","D=d","E=set","F=$A"]}""")]
    [InlineData("ENV A some words", """{"Env":["A=some words"]}""")]
    [InlineData("ARG X=1\nARG Y=${X}2\nENV Z=$Y", """{"Env":["Z=12"]}""")]
    [InlineData("ARG PATH=arg\nENV PATH=env\nLABEL p=$PATH", """{"Env":["PATH=env"],"Labels":{"p":"env"}}""")]
    [InlineData("LABEL \"a b\"=c \\\n  # a comment\n\n  d=\"e=f\"", """{"Labels":{"a b":"c","d":"e=f"}}""")]
    [InlineData("WORKDIR /a\nWORKDIR b/./c", """{"WorkingDir":"/a/b/c"}""")]
    [InlineData("USER 1000:1000\nEXPOSE 8000 9000/udp", """{"User":"1000:1000","ExposedPorts":{"8000/tcp":{},"9000/udp":{}}}""")]
    [InlineData("CMD [\"x\"]\nENTRYPOINT [\"vllm\", \"serve\"]", """{"Cmd":["x"],"Entrypoint":["vllm","serve"]}""")]
    public void Follows_instructions(string lines, string expected)
    {
        var config = new JsonObject();
        ImageRecipe.Apply(DockerfileReader.Parse(Start + lines + "\n" + Copy, "Dockerfile"), new Dictionary<string, string>(), config);
        config.ToJsonString().ShouldBe(JsonNode.Parse(expected)!.ToJsonString());
    }

    [Fact]
    public void Changes_the_base_images_config_in_place()
    {
        var config = (JsonObject)JsonNode.Parse("""{"Env":["PATH=/bin","A=0"],"Cmd":["base"],"Entrypoint":["sh"],"WorkingDir":"/w","Volumes":{"/v":{}}}""")!;
        var recipe = ImageRecipe.Apply(
            DockerfileReader.Parse(Start + "ENV A=1 B=$PATH\nENTRYPOINT [\"vllm\"]\nCOPY --from=weights --link . models\n", "Dockerfile"), new Dictionary<string, string>(), config);
        recipe.ModelPath.ShouldBe("/w/models");
        config.ToJsonString().ShouldBe("""{"Env":["PATH=/bin","A=1","B=/bin"],"Entrypoint":["vllm"],"WorkingDir":"/w","Volumes":{"/v":{}}}""");
    }

    [Fact]
    public void A_build_argument_beats_the_default_only_where_it_is_declared()
    {
        var file = DockerfileReader.Parse(Start + "ARG A=1\nENV X=$A Y=$B\n" + Copy, "Dockerfile");
        var config = new JsonObject();
        ImageRecipe.Apply(file, new Dictionary<string, string> { ["A"] = "2", ["B"] = "3" }, config);
        config["Env"]!.ToJsonString().ShouldBe("""["X=2","Y="]""");
    }

    [Theory]
    [InlineData("RUN pip install x", "cannot follow RUN")]
    [InlineData("ADD https://example.com/x /x", "cannot follow ADD")]
    [InlineData("SHELL [\"bash\"]", "cannot follow SHELL")]
    [InlineData("ENTRYPOINT vllm serve", "shell form")]
    [InlineData("CMD [\"a\", 1]", "shell form")]
    [InlineData("COPY . /app", "copies from the stage weights only")]
    [InlineData("COPY --from=builder / /app", "copies from the stage weights only")]
    [InlineData("COPY --from=weights --chown=1:1 / /m", "does not know --chown=1:1")]
    [InlineData("COPY --from=weights /sub /m", "write / as the source")]
    [InlineData("COPY --from=weights / /", "no place for a model")]
    [InlineData("COPY --from=weights / /a/../../b", "no place for a model")]
    [InlineData("ENV A=\"x", "not closed")]
    [InlineData("ENV A=${B", "not closed")]
    [InlineData("ENV A=${B:?x}", "a form other than")]
    [InlineData("EXPOSE http", "is not PORT")]
    public void Names_the_line_it_cannot_follow(string line, string message)
    {
        var file = DockerfileReader.Parse(Start + "# comment\n" + line + "\n", "Dockerfile.x");
        var error = Should.Throw<UserException>(() => ImageRecipe.Apply(file, new Dictionary<string, string>(), []));
        error.Message.ShouldStartWith("Dockerfile.x:5: ");
        error.Message.ShouldContain(message);
    }

    [Fact]
    public void Wants_the_model_in_the_image() =>
        Should.Throw<UserException>(() => ImageRecipe.Apply(DockerfileReader.Parse(Start, "D"), new Dictionary<string, string>(), []))
            .Message.ShouldContain("D:3: the final stage has no COPY --from=weights");

    [Fact]
    public void Wants_the_model_once() =>
        Should.Throw<UserException>(() => ImageRecipe.Apply(DockerfileReader.Parse(Start + Copy + Copy, "D"), new Dictionary<string, string>(), []))
            .Message.ShouldContain("D:5: COPY");

    [Theory]
    [InlineData("", "has no FROM")]
    [InlineData("RUN x\nFROM y", "D:1: RUN stands before the first FROM")]
    [InlineData("FROM a b", "D:1: FROM a b")]
    [InlineData("FROM a\nRUN", "D:2: RUN has no arguments")]
    [InlineData("# escape=`\nFROM a", "D:1: another escape character")]
    [InlineData("FROM a\nRUN <<EOF\nx", "D:2: the here-document EOF is not closed")]
    public void Refuses_what_is_no_Dockerfile(string text, string message) =>
        Should.Throw<UserException>(() => DockerfileReader.Parse(text, "D")).Message.ShouldContain(message);

    [Fact]
    public void Text_in_here_documents_is_no_instruction()
    {
        var file = DockerfileReader.Parse("FROM a AS weights\r\nRUN <<-'EOF' cat\r\n  FROM b\r\n  EOF\r\nFROM c\r\n", "D");
        file.Stages.Select(stage => (stage.From, stage.Line)).ShouldBe([("a", 1), ("c", 5)]);
    }

    [Fact]
    public void An_empty_base_image_is_said_so() =>
        Should.Throw<UserException>(() => ImageRecipe.BaseImage(DockerfileReader.Parse("ARG B\nFROM ${B}\n", "D"), new Dictionary<string, string>()))
            .Message.ShouldContain("D:2: FROM ${B} is empty");
}
