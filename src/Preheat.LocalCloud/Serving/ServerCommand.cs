namespace Preheat.LocalCloud.Serving;

/// <summary>Which program of an inference server a command line starts.</summary>
public enum EntryPoint
{
    /// <summary><c>python3 -m vllm.entrypoints.openai.api_server</c></summary>
    OpenAiModule,

    /// <summary><c>vllm serve</c>: the same server behind another command line.</summary>
    Serve,

    /// <summary><c>python3 -m vllm.entrypoints.api_server</c>: <c>POST /generate</c>.</summary>
    Legacy,

    /// <summary><c>text-generation-launcher</c>: Hugging Face's Text Generation Inference.</summary>
    Tgi,
}

/// <summary>A command line that starts an inference server, split into program and arguments.</summary>
public sealed record ServerCommand(EntryPoint EntryPoint, IReadOnlyList<string> Arguments)
{
    /// <summary>
    /// Whether the server goes on with requests whose client hung up. vLLM's OpenAI server aborts them; behind the simple
    /// <c>api_server</c> of the reference set-up they run on, which is what its published figures show.
    /// </summary>
    public bool AbandonedRequestsRun => EntryPoint == EntryPoint.Legacy;

    /// <summary>How argparse names the program in its errors.</summary>
    public string Program => EntryPoint == EntryPoint.Serve ? "vllm" : "api_server.py";

    /// <summary>
    /// Recognises the servers' entry points by argv alone; null for anything else. TGI's image starts <c>/tgi-entrypoint.sh</c>, a script that refreshes the
    /// linker's cache and then becomes <c>text-generation-launcher $@</c>: unquoted, so that the shell splits what it is given at blanks.
    /// </summary>
    public static ServerCommand? Recognise(IReadOnlyList<string> argv)
    {
        var program = argv.Count == 0 ? "" : argv[0][(argv[0].LastIndexOf('/') + 1)..];
        switch (program)
        {
            case "text-generation-launcher":
                return new ServerCommand(EntryPoint.Tgi, [.. argv.Skip(1)]);
            case "tgi-entrypoint.sh":
                return new ServerCommand(EntryPoint.Tgi, [.. argv.Skip(1).SelectMany(word => word.Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries))]);
        }

        if (argv.Count < 2)
        {
            return null;
        }

        if (program == "vllm")
        {
            return argv[1] == "serve" ? new ServerCommand(EntryPoint.Serve, [.. argv.Skip(2)]) : null;
        }

        if (!IsPython(program))
        {
            return null;
        }

        // Options of the interpreter itself that stand before -m and take no value.
        var at = 1;
        while (at < argv.Count && argv[at] is "-u" or "-O" or "-B" or "-s" or "-E" or "-I")
        {
            at++;
        }

        if (at + 1 >= argv.Count || argv[at] != "-m")
        {
            return null;
        }

        EntryPoint? entry = argv[at + 1] switch
        {
            "vllm.entrypoints.openai.api_server" => EntryPoint.OpenAiModule,
            "vllm.entrypoints.api_server" => EntryPoint.Legacy,
            _ => null,
        };
        return entry is { } found ? new ServerCommand(found, [.. argv.Skip(at + 2)]) : null;
    }

    private static bool IsPython(string program) =>
        program.StartsWith("python", StringComparison.Ordinal) && program["python".Length..].All(c => char.IsAsciiDigit(c) || c == '.');
}
