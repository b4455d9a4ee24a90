namespace Preheat.Runs;

/// <summary>Copies of a deployment's receipts where other machines reach them: a colleague's, or a CI runner's fresh clone.</summary>
public interface ISharedReceipts
{
    /// <summary>Where they are, for a person: <c>ConfigMap/preheat-gemma-receipts</c>.</summary>
    string Place { get; }

    /// <summary>The copies by file name; null when there are none.</summary>
    Task<IReadOnlyDictionary<string, string>?> ReadAsync(CancellationToken cancellation);

    /// <summary>Puts these copies in the place of those that are there.</summary>
    Task WriteAsync(IReadOnlyDictionary<string, string> files, CancellationToken cancellation);
}
