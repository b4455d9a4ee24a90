namespace Preheat.LocalCloud.Registry;

/// <summary>A stand-in for the image of an inference server. Its bytes are the same on every machine.</summary>
/// <param name="Name">The real image, without tag: <c>vllm/vllm-openai</c>, <c>ghcr.io/huggingface/text-generation-inference</c>.</param>
/// <param name="Repository">Its path in the registry.</param>
/// <param name="Created">When the real one was published.</param>
/// <param name="Installed">The step of its build that stands for the server's installation.</param>
internal sealed record StandIn(string Name, string Repository, string Tag, string Version, string Created, string Installed)
{
    private const string SystemPath = "/usr/local/nvidia/bin:/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly string[] Module = ["python3", "-m", "vllm.entrypoints.openai.api_server"];
    private static readonly string[] Serve = ["vllm", "serve"];

    public static IReadOnlyList<StandIn> All { get; } =
    [
        Vllm("0.10.2", "2025-09-13T00:00:00Z", Module),
        Vllm("0.11.0", "2025-10-02T00:00:00Z", Module),
        Vllm("0.11.1", "2025-11-18T00:00:00Z", Serve),
        Vertex(),
        Tgi("3.3.6", "2025-09-17T00:00:00Z"),
    ];

    public required string[] Entrypoint { get; init; }

    public required string[] Environment { get; init; }

    public required string WorkingDirectory { get; init; }

    public required IReadOnlyList<(string Path, string Text, bool Program)> ServerFiles { get; init; }

    public IReadOnlyList<(string Path, string Text, bool Program)> OperatingSystemFiles { get; init; } =
    [
        ("etc/os-release", "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\n", false),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", false),
        ("usr/bin/python3", "This file stands for CPython 3.12 in Preheat's embedded cloud.\n", true),
    ];

    /// <summary>
    /// vLLM's <c>docker/Dockerfile</c> (stage <c>vllm-openai</c>) on <c>nvidia/cuda:12.8.1-devel-ubuntu22.04</c>. The entrypoint became <c>vllm serve</c> with 0.11.1.
    /// </summary>
    private static StandIn Vllm(string version, string created, string[] entrypoint) =>
        new("vllm/vllm-openai", "vllm/vllm-openai", $"v{version}", version, created, $"RUN uv pip install vllm=={version} (stand-in)")
        {
            Entrypoint = entrypoint,
            WorkingDirectory = "/vllm-workspace",
            Environment =
            [
                $"PATH={SystemPath}",
                "NVARCH=x86_64",
                "CUDA_VERSION=12.8.1",
                "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
                "NVIDIA_VISIBLE_DEVICES=all",
                "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
                "LIBRARY_PATH=/usr/local/cuda/lib64/stubs",
                "DEBIAN_FRONTEND=noninteractive",
                "UV_HTTP_TIMEOUT=500",
                "UV_INDEX_STRATEGY=unsafe-best-match",
                "UV_LINK_MODE=copy",
                "VLLM_USAGE_SOURCE=production-docker-image",
            ],
            ServerFiles =
            [
                ("usr/local/bin/vllm", "This file stands for vLLM's command line in Preheat's embedded cloud.\n", true),
                ($"usr/local/lib/python3.12/dist-packages/vllm-{version}.dist-info/METADATA", $"Metadata-Version: 2.4\nName: vllm\nVersion: {version}\nLicense-Expression: Apache-2.0\n", false),
                ("vllm-workspace/README", "The working directory of the vLLM image.\n", false),
            ],
        };

    /// <summary>
    /// The vLLM of Vertex AI's Model Garden. Its Dockerfile is not public; what is known is the command that its users give, and its dialect. A local version
    /// (<c>+vertex</c>, https://packaging.python.org/specifications/version-specifiers/#local-version-identifiers) marks the changed vLLM.
    /// </summary>
    private static StandIn Vertex() =>
        new("us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve", "vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve", "20240910_0916_RC00", "0.5.4", "2024-09-10T00:00:00Z", "RUN pip install vllm (stand-in)")
        {
            Entrypoint = [],
            WorkingDirectory = "/workspace",
            Environment = [$"PATH={SystemPath}", "NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"],
            ServerFiles =
            [
                ("usr/local/lib/python3.12/dist-packages/vllm-0.5.4+vertex.dist-info/METADATA", "Metadata-Version: 2.1\nName: vllm\nVersion: 0.5.4+vertex\nLicense: Apache 2.0\n", false),
                ("workspace/README", "The working directory of the image.\n", false),
            ],
        };

    /// <summary>TGI's <c>Dockerfile</c> (last stage) on <c>nvidia/cuda:12.4.0-base-ubuntu22.04</c>, and its <c>tgi-entrypoint.sh</c>.</summary>
    private static StandIn Tgi(string version, string created) =>
        new("ghcr.io/huggingface/text-generation-inference", "huggingface/text-generation-inference", version, version, created, "COPY text-generation-launcher /usr/local/bin/ (stand-in)")
        {
            Entrypoint = ["/tgi-entrypoint.sh"],
            WorkingDirectory = "/usr/src",
            Environment =
            [
                $"PATH={SystemPath}:/usr/src/.venv/bin/",
                "NVARCH=x86_64",
                "CUDA_VERSION=12.4.0",
                "NVIDIA_VISIBLE_DEVICES=all",
                "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
                "HF_HOME=/data",
                "HF_HUB_ENABLE_HF_TRANSFER=1",
                "PORT=80",
                "PYTHON_VERSION=3.11",
                "VIRTUAL_ENV=/usr/src/.venv/",
                "HF_KERNELS_CACHE=/kernels",
                "EXLLAMA_NO_FLASH_ATTN=1",
                "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64:/root/.local/share/uv/python/cpython-3.11.11-linux-x86_64-gnu/lib/",
            ],
            ServerFiles =
            [
                ("tgi-entrypoint.sh", "#!/bin/bash\n# This file stands for TGI's entrypoint in Preheat's embedded cloud.\nexec text-generation-launcher $@\n", true),
                ("usr/local/bin/text-generation-launcher", "This file stands for TGI's launcher in Preheat's embedded cloud.\n", true),
                ($"usr/src/.venv/lib/python3.11/site-packages/text_generation_server-{version}.dist-info/METADATA", $"Metadata-Version: 2.3\nName: text-generation-server\nVersion: {version}\n", false),
            ],
        };
}
