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
    [InlineData("ARG P=81\nEXPOSE 8000-8002/tcp $P", """{"ExposedPorts":{"8000/tcp":{},"8001/tcp":{},"8002/tcp":{},"81/tcp":{}}}""")]
    [InlineData("VOLUME /a /b\nVOLUME [\"/c d\"]", """{"Volumes":{"/a":{},"/b":{},"/c d":{}}}""")]
    [InlineData("ARG S=INT\nSTOPSIGNAL SIG$S", """{"StopSignal":"SIGINT"}""")]
    [InlineData("ENTRYPOINT exec vllm serve $MODEL", """{"Entrypoint":["/bin/sh","-c","exec vllm serve $MODEL"]}""")]
    [InlineData("SHELL [\"/bin/bash\", \"-ec\"]\nCMD exec vllm", """{"Cmd":["/bin/bash","-ec","exec vllm"]}""")]
    [InlineData("ENTRYPOINT []", """{"Entrypoint":[]}""")]
    [InlineData("HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 CMD curl -f http://localhost/", """{"Healthcheck":{"Test":["CMD-SHELL","curl -f http://localhost/"],"Interval":90000000000,"Timeout":500000000,"Retries":3}}""")]
    [InlineData("HEALTHCHECK CMD [\"/probe\"]\nHEALTHCHECK NONE", """{"Healthcheck":{"Test":["NONE"]}}""")]
    [InlineData("ARG TARGETARCH\nENV CPU=$TARGETARCH OS=$TARGETOS", """{"Env":["CPU=amd64","OS="]}""")]
    [InlineData("ENV A=${B:-${C:-xy}} D=${E:-'q r'} F=\"a\\\"b\\c\"", """{"Env":["A=xy","D=q r","F=a\"b\\c"]}""")]
    [InlineData("ENV E=\nENV A=${E-x} B=${E:-x} C=${N-x} D=${E+set} F=${N+set} G=${E?no}", """{"Env":["E=","A=","B=x","C=x","D=set","F=","G="]}""")]
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
    [InlineData("ENTRYPOINTS [\"x\"]", "ENTRYPOINTS is no instruction")]
    [InlineData("ONBUILD ENV A=1", "cannot follow ONBUILD")]
    [InlineData("SHELL bash", "SHELL needs a JSON array")]
    [InlineData("HEALTHCHECK --interval=soon CMD x", "is no duration")]
    [InlineData("HEALTHCHECK curl", "write HEALTHCHECK CMD")]
    [InlineData("STOPSIGNAL $NO", "the value is empty")]
    [InlineData("EXPOSE 9-8", "is not PORT")]
    [InlineData("CMD vllm serve", "shell form")]
    [InlineData("COPY --from=weights <<EOF /m\nx\nEOF", "here-documents")]
    [InlineData("ENTRYPOINT vllm serve", "shell form")]
    [InlineData("CMD [\"a\", 1]", "shell form")]
    [InlineData("COPY . /app", "copies from the stage weights only")]
    [InlineData("COPY --from=builder / /app", "copies from the stage weights only")]
    [InlineData("COPY --from=weights --parents / /m", "does not know --parents")]
    [InlineData("COPY --from=weights --chown=vllm:vllm / /m", "needs the base image's /etc/passwd")]
    [InlineData("COPY --from=weights --chmod=u+x / /m", "is no octal mode")]
    [InlineData("USER vllm\nWORKDIR /new", "needs the base image's /etc/passwd")]
    [InlineData("COPY --from=weights /sub /m", "write / as the source")]
    [InlineData("COPY --from=weights / /", "no place for a model")]
    [InlineData("COPY --from=weights / /a/../..", "no place for a model")]
    [InlineData("ENV A=\"x", "not closed")]
    [InlineData("ENV A=${B", "not closed")]
    [InlineData("ENV A=\"${B:?say what}\"", "B has no value: say what")]
    [InlineData("ENV A=${B#x}", "a form other than")]
    [InlineData("COPY <<EOF file.txt /m/\nx\nEOF", "stand alone before the path")]
    [InlineData("COPY <<A <<B /m\nx\nA\ny\nB", "go into a directory: write /m/")]
    [InlineData("COPY <<A /a/..\nx\nA", "no place for a file")]
    [InlineData("COPY <<A /models/x/a\nx\nA\nCOPY --from=weights / /models/x", "move that COPY below this one")]
    [InlineData("EXPOSE http", "is not PORT")]
    public void Names_the_line_it_cannot_follow(string line, string message)
    {
        var file = DockerfileReader.Parse(Start + "# comment\n" + line + "\n", "Dockerfile.x");
        var error = Should.Throw<UserException>(() => ImageRecipe.Apply(file, new Dictionary<string, string>(), []));
        error.Message.ShouldStartWith($"Dockerfile.x:{(line.StartsWith("USER", StringComparison.Ordinal) ? 6 : line.Contains("\nCOPY", StringComparison.Ordinal) ? 8 : 5)}: ");
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
    [InlineData("# escape=x\nFROM a", "D:1: the escape character is")]
    [InlineData("# syntax=a\n# escape=`\n# escape=`\nFROM a", "D:3: the directive escape stands twice")]
    [InlineData("FROM a\nRUN <<EOF\nx", "D:2: the here-document EOF is not closed")]
    public void Refuses_what_is_no_Dockerfile(string text, string message) =>
        Should.Throw<UserException>(() => DockerfileReader.Parse(text, "D")).Message.ShouldContain(message);

    [Fact]
    public void Text_in_here_documents_is_no_instruction()
    {
        var file = DockerfileReader.Parse("FROM a AS weights\r\nRUN <<-'EOF' cat\r\n\tFROM b\r\n EOF\r\n\tEOF\r\nFROM c\r\n", "D");
        file.Stages.Select(stage => (stage.From, stage.Line)).ShouldBe([("a", 1), ("c", 6)]);
    }

    [Fact]
    public void An_empty_base_image_is_said_so() =>
        Should.Throw<UserException>(() => ImageRecipe.BaseImage(DockerfileReader.Parse("ARG B\nFROM ${B}\n", "D"), new Dictionary<string, string>()))
            .Message.ShouldContain("D:2: FROM ${B} is empty");

    [Fact]
    public void Reads_owner_and_mode_of_the_copy()
    {
        var recipe = Apply("ARG UID=1000\nCOPY --from=weights --chown=${UID} --chmod=0550 --link / /models/x\n");
        var placement = recipe.Placement;
        (placement.Path, placement.Owner, placement.Group, placement.Mode).ShouldBe(
            ("/models/x", 1000, 1000, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute));
        placement.Made.ShouldBe(["/models", "/models/x"]);
        placement = Apply("WORKDIR /w/a\nCOPY --from=weights --chown=7:8 [\"/\", \"b c\"]\n").Placement;
        (placement.Path, placement.Owner, placement.Group, placement.Mode).ShouldBe(("/w/a/b c", 7, 8, null));
        placement.Made.ShouldBe(["/w/a/b c"]);
    }

    [Fact]
    public void A_working_directory_that_the_base_image_may_lack_is_made_for_the_user_in_force()
    {
        Apply("WORKDIR /srv/app/x\nUSER 5:6\nWORKDIR y\nWORKDIR /srv/app\n" + Copy).Directories.ShouldBe([
            new ImageDirectory("/srv/app", 0, 0), new ImageDirectory("/srv/app/x", 0, 0), new ImageDirectory("/srv/app/x/y", 5, 6)]);
        // What exists keeps its mode: /root is 0700, and the base image's own directory is there.
        Apply("WORKDIR /root\nWORKDIR /w/d\nWORKDIR /w\n" + Copy, """{"WorkingDir":"/w/d"}""").Directories.ShouldBeEmpty();
    }

    [Fact]
    public void A_model_in_a_volume_would_be_copied_at_every_start()
    {
        Should.Throw<UserException>(() => Apply(Copy + "VOLUME /models\n")).Message.ShouldContain("D:5: VOLUME /models: /models/x lies in the volume");
        Should.Throw<UserException>(() => Apply(Copy, """{"Volumes":{"/models/":{}}}""")).Message.ShouldContain("D:4: COPY");
        Apply(Copy + "VOLUME /models/xy\n").ModelPath.ShouldBe("/models/x");
    }

    [Fact]
    public void Here_documents_become_files()
    {
        var recipe = Apply(Copy + """
            ARG PORT=8000
            ENV NAME=tiny
            COPY --chown=5:6 --chmod=0600 <<EOF <<-'RAW.txt' /srv/conf/
            port = ${PORT} "$NAME" \$NAME
            EOF
            \tname = $NAME
            \tRAW.txt
            COPY <<EOF /models/x/generation_config.json
            {}
            EOF
            COPY <<EOF /etc/motd
            EOF
            """.Replace("\\t", "\t", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal) + "\n");
        var attributes = new TarAttributes(5, 6, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        recipe.Texts.ShouldBe([
            new ImageText("/srv/conf/EOF", "port = 8000 \"tiny\" $NAME\n", attributes),
            new ImageText("/srv/conf/RAW.txt", "name = $NAME\n", attributes),
            new ImageText("/models/x/generation_config.json", "{}\n", default),
            new ImageText("/etc/motd", "", default)]);
        recipe.TextDirectories.ShouldBe([new ImageDirectory("/srv/conf", 5, 6)]);
    }

    [Fact]
    public void The_history_tells_what_variables_held()
    {
        var recipe = Apply("ARG ID=org/x\nENV A=$ID B='c d'\nLABEL m=${ID}\nWORKDIR /w/$ID\nMAINTAINER me\nCMD [\"$ID\"]\n" + Copy);
        recipe.History.ShouldBe(["ENV A=org/x B=c d", "LABEL m=org/x", "WORKDIR /w/org/x", "MAINTAINER me", "CMD [\"$ID\"]"]);
        recipe.Author.ShouldBe("me");
    }

    [Fact]
    public void Triggers_of_the_base_image_are_refused() =>
        Should.Throw<UserException>(() => Apply(Copy, """{"OnBuild":["RUN make"]}""")).Message.ShouldContain("D:3: the base image has ONBUILD instructions (RUN make)");

    [Fact]
    public void A_final_stage_on_another_stage_is_refused() =>
        Should.Throw<UserException>(() => ImageRecipe.BaseImage(DockerfileReader.Parse("FROM a AS Prepared\nFROM prepared\n" + Copy, "D"), new Dictionary<string, string>()))
            .Message.ShouldContain("D:2: FROM prepared continues the stage prepared");

    [Fact]
    public void Another_escape_character_leaves_backslashes_alone()
    {
        var file = DockerfileReader.Parse("# escape=`\nFROM scratch AS weights\nFROM a\nENV A=c:\\ B=`$x `\n  C=`\"q\n" + Copy, "D");
        var config = new JsonObject();
        ImageRecipe.Apply(file, new Dictionary<string, string>(), config);
        config["Env"]!.AsArray().Select(item => item!.GetValue<string>()).ShouldBe(["A=c:\\", "B=$x", "C=\"q"]);
    }

    [Fact]
    public void An_escaped_backslash_at_the_end_continues_nothing() =>
        DockerfileReader.Parse("FROM a\nENV A=x\\\\\nENV B=y\n", "D").Final.Instructions.Select(line => line.Rest).ShouldBe(["A=x\\\\", "B=y"]);

    private static ImageRecipe Apply(string lines, string config = "{}") =>
        ImageRecipe.Apply(DockerfileReader.Parse(Start + lines, "D"), new Dictionary<string, string>(), (JsonObject)JsonNode.Parse(config)!);
}
