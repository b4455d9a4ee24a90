namespace Preheat.Engine.Tests.BothWorlds;

/// <summary>What <c>build/</c> takes from the engine is Nuke's, and the engine has all of Nuke's that <c>tests/NukeApi</c> lists.</summary>
public sealed class ApiTests : IDisposable
{
    private const string Engine = "Preheat.Engine";

    /// <summary>On Nuke's list, and not meant for build authors.</summary>
    private static readonly string[] LeftOut =
    [
        "Nuke.Common.NukeBuild::get_NuGetPackagesConfigFile", "Nuke.Common.NukeBuild::get_NuGetAssetsConfigFile",
        "Nuke.Common.NukeBuild::get_NpmPackageJsonFile", "Nuke.Common.NukeBuild::get_EmbeddedPackagesDirectory",
        "Nuke.Common.Execution.ExecutableTarget::set_", "Nuke.Common.Execution.ExecutableTarget::.ctor", "Nuke.Common.NukeBuild::set_ExecutionPlan",
        "Nuke.Common.ValueInjection.", "Nuke.Common.ParameterAttribute::GetValue",
    ];

    private readonly AssemblyMembers _build = new(Repository.Output("build", "_build.dll"));
    private readonly AssemblyMembers _engine = new(Repository.Output("src/Preheat.Engine", "Preheat.Engine.dll"));
    private readonly AssemblyMembers _nuke = new(Repository.Output("tests/NukeApi", "Nuke.Common.dll"));

    public void Dispose()
    {
        _build.Dispose();
        _engine.Dispose();
        _nuke.Dispose();
    }

    [Fact]
    public void Every_member_that_the_build_uses_is_Nukes_with_the_same_signature()
    {
        var used = _build.UsesOf(Engine);
        used.ShouldContain("Nuke.Common.ITargetDefinition::Description instance Nuke.Common.ITargetDefinition `0(System.String)");
        used.ShouldContain("Nuke.Common.NukeBuild::OnBuildInitialized instance System.Void `0()", "what is overridden counts too");
        used.ShouldContain("Nuke.Common.ParameterAttribute::set_Separator instance System.Void `0(System.String)", "what an attribute sets counts too");
        used.Except(_nuke.PublicMembers(), StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Fact]
    public void Every_type_that_the_build_uses_is_Nukes() =>
        _build.TypesOf(Engine).Except(_nuke.PublicTypes(), StringComparer.Ordinal).ShouldBeEmpty();

    [Fact]
    public void The_engine_has_every_member_on_Nukes_list() =>
        _nuke.PublicMembers().Except(_engine.PublicMembers(), StringComparer.Ordinal)
            .Where(member => !LeftOut.Any(left => member.StartsWith(left, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal).ShouldBeEmpty();

    [Fact]
    public void The_engine_shows_no_type_that_Nuke_does_not_have() =>
        _engine.PublicTypes().Except(_nuke.PublicTypes(), StringComparer.Ordinal).ShouldBeEmpty();

    [Fact]
    public void A_member_that_only_one_side_has_shows()
    {
        _nuke.PublicMembers().ShouldNotContain("Nuke.Common.ITargetDefinition::Description instance Nuke.Common.ITargetDefinition `0()");
        _nuke.PublicTypes().ShouldNotContain("Nuke.Common.Execution.BuildRunner");
    }
}
