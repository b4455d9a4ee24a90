using System.Runtime.CompilerServices;
using Preheat.Images;
using Preheat.Manifests;
using Preheat.Models;
using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Tests.Manifests;

/// <summary>One deployment to render, and a copy of the manifests that a test may break.</summary>
internal sealed class RenderingFixture : IDisposable, IEventSink
{
    private readonly string _root = Directory.CreateTempSubdirectory("preheat-manifests-").FullName;

    public RenderingFixture()
    {
        foreach (var file in Directory.EnumerateFiles(SourceFolder, "*.yaml", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(ManifestsRoot, Path.GetRelativePath(SourceFolder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public static string RepositoryRoot { get; } = FindRoot();

    public static string SourceFolder => Path.Combine(RepositoryRoot, "manifests");

    public string ManifestsRoot => Path.Combine(_root, "manifests");

    public string Output => Path.Combine(_root, "out");

    public List<RunEvent> Events { get; } = [];

    public Deployment Deployment { get; set; } = new()
    {
        Name = "gemma",
        Cloud = "local",
        Platform = "gke",
        Model = ModelReference.Parse("hf://preheat/tiny-gemma-2"),
        Server = "vllm",
        BaseImage = "vllm/vllm-openai:v0.11.1",
        Accelerator = "nvidia-l4",
        AcceleratorCount = 1,
        ProjectId = "demo",
        Region = "local",
        Repository = "models",
        Namespace = "default",
        MinReplicas = 1,
        MaxReplicas = 4,
    };

    public ModelSnapshot Model { get; set; } = new()
    {
        Reference = "hf://preheat/tiny-gemma-2",
        Name = "preheat/tiny-gemma-2",
        Revision = new string('c', 40),
        Files = [],
        Parameters = 35_000_000,
        DType = "BF16",
        Architecture = "Gemma2ForCausalLM",
        WeightBytes = 70_000_000,
    };

    public ServingImage Image { get; set; } = new()
    {
        Reference = $"local-docker.pkg.dev/demo/models/tiny-gemma-2@sha256:{new string('a', 64)}",
        Digest = "sha256:" + new string('a', 64),
        Size = 80_000_000,
        Layers = 7,
        Region = "local",
        ModelPath = "/models/tiny-gemma-2",
        BaseImage = $"vllm/vllm-openai@sha256:{new string('b', 64)}",
    };

    public string? WeightsClaim { get; set; }

    public ManifestSet Render() => ManifestRenderer.Render(
        new RenderRequest { Deployment = Deployment, Model = Model, Image = Image, ManifestsRoot = ManifestsRoot, OutputDirectory = Output, WeightsClaim = WeightsClaim },
        this);

    /// <summary>Changes one text in one manifest and returns the line it stands in.</summary>
    public int Break(string file, string text, string replacement)
    {
        var path = Path.Combine(ManifestsRoot, file);
        var before = File.ReadAllText(path);
        before.ShouldContain(text);
        var at = before.IndexOf(text, StringComparison.Ordinal);
        File.WriteAllText(path, before[..at] + replacement + before[(at + text.Length)..]);
        return before[..at].Count(character => character == '\n') + 1;
    }

    public string Read(string file) => File.ReadAllText(Path.Combine(Output, file));

    public void Emit(RunEvent runEvent) => Events.Add(runEvent);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static string FindRoot([CallerFilePath] string here = "")
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(here)!);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Preheat.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("The repository's root was not found.");
    }
}
