namespace Nuke.Common.IO;

public class AbsolutePath : IFormattable
{
    private AbsolutePath() => throw null;
    public static AbsolutePath Create(string path) => throw null;
    public static implicit operator AbsolutePath(string path) => throw null;
    public static implicit operator string(AbsolutePath path) => throw null;
    public static AbsolutePath operator /(AbsolutePath left, string right) => throw null;
    public static AbsolutePath operator +(AbsolutePath left, string right) => throw null;
    public static bool operator ==(AbsolutePath a, AbsolutePath b) => throw null;
    public static bool operator !=(AbsolutePath a, AbsolutePath b) => throw null;

    public string Name => throw null;
    public string NameWithoutExtension => throw null;
    public string Extension => throw null;
    public AbsolutePath Parent => throw null;

    protected bool Equals(AbsolutePath other) => throw null;
    public override bool Equals(object obj) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public string ToString(string format) => throw null;
    string IFormattable.ToString(string format, IFormatProvider formatProvider) => throw null;
}

[Flags]
public enum ExistsPolicy
{
    DirectoryFail = 1,
    DirectoryMerge = 2,
    FileFail = 4,
    FileSkip = 8,
    FileOverwrite = 16,
    FileOverwriteIfNewer = 32,
    Fail = DirectoryFail | FileFail,
    MergeAndSkip = DirectoryMerge | FileSkip,
    MergeAndOverwrite = DirectoryMerge | FileOverwrite,
    MergeAndOverwriteIfNewer = DirectoryMerge | FileOverwriteIfNewer,
}
