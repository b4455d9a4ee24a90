namespace Preheat.Models;

/// <summary>Reads a file and fails at its end when its identity is no longer the one that was listed.</summary>
internal sealed class UnchangedFileStream(FileStream file, string path, string identity) : ObservedStream(file)
{
    /// <exception cref="UserException">The file is another one than was listed.</exception>
    public void Check()
    {
        if (FileIdentity.Of(file.SafeFileHandle).Text != identity)
            throw new UserException($"{path} has changed since the model was resolved. Let the writing finish, then run ResolveModel again.");
    }

    protected override void Observe(ReadOnlySpan<byte> bytes, bool atEnd)
    {
        if (atEnd)
            Check();
    }
}
