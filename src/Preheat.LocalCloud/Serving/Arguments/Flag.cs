namespace Preheat.LocalCloud.Serving.Arguments;

/// <summary>What a flag takes.</summary>
internal enum FlagKind
{
    Text,
    Int,

    /// <summary>An int that may say <c>1k</c> (1,000) or <c>1K</c> (1,024), from version 0.9.</summary>
    HumanInt,
    Float,

    /// <summary>A port from 0 to 65,535.</summary>
    Port,

    /// <summary>No value; also <c>--no-…</c> where <see cref="Flag.Negatable"/>.</summary>
    Switch,

    /// <summary>JSON; its keys may also be given as <c>--flag.key value</c>.</summary>
    Json,

    /// <summary>One value or more.</summary>
    List,
}

/// <summary>Which entry points know a flag.</summary>
[Flags]
internal enum FlagScope
{
    OpenAi = 1,
    Legacy = 2,
    Both = OpenAi | Legacy,
}

/// <summary>One command line flag and the versions that know it.</summary>
/// <param name="Name">With dashes, without the leading two.</param>
/// <param name="Since">First version, inclusive; null for all.</param>
/// <param name="Until">First version that no longer knows it; null for none.</param>
internal sealed record Flag(string Name, FlagKind Kind, string? Since = null, string? Until = null)
{
    public string? Short { get; init; }

    public IReadOnlyList<string> Choices { get; init; } = [];

    public FlagScope Scope { get; init; } = FlagScope.Both;

    /// <summary>First version with a <c>--no-…</c> form; null for never.</summary>
    public string? Negatable { get; init; }

    /// <summary>A value is optional (vLLM's <c>StoreBoolean</c> until 0.8): <c>--flag</c>, <c>--flag true</c>.</summary>
    public string? OptionalValueUntil { get; init; }

    public bool KnownTo(ServerVersion version, FlagScope scope) => Scope.HasFlag(scope) && From(version, Since) && !From(version, Until, absent: false);

    public bool NegatableIn(ServerVersion version) => Negatable is not null && From(version, Negatable);

    public bool TakesOptionalValueIn(ServerVersion version) => OptionalValueUntil is not null && !From(version, OptionalValueUntil);

    private static bool From(ServerVersion version, string? bound, bool absent = true) => bound is null ? absent : version >= ServerVersion.TryParse(bound)!;
}
