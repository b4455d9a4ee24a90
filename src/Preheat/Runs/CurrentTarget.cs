namespace Preheat.Runs;

/// <summary>The target on whose behalf the asking code runs. Ambient, so that events know where they belong although targets run at the same time.</summary>
public static class CurrentTarget
{
    private static readonly AsyncLocal<string?> Ambient = new();

    /// <summary>Null outside any target. Set inside an asynchronous method it holds for that method and all it starts, and no longer.</summary>
    public static string? Name
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }
}
