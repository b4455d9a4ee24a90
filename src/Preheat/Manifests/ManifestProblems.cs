namespace Preheat.Manifests;

/// <summary>Turns a list of problems into one error, so that a person sees all of them at once.</summary>
internal static class ManifestProblems
{
    /// <exception cref="UserException">There is at least one problem.</exception>
    public static void ThrowIfAny(IReadOnlyCollection<string> problems, string headline)
    {
        if (problems.Count > 0)
            throw new UserException($"{headline}:\n{string.Join('\n', problems.Distinct(StringComparer.Ordinal).Select(problem => "  " + problem))}");
    }
}
