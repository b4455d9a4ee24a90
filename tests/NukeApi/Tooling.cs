using System.Runtime.CompilerServices;

namespace Nuke.Common.Tooling;

public delegate T Configure<T>(T options);

public delegate IReadOnlyCollection<Output> Tool(
    ArgumentStringHandler arguments,
    string workingDirectory = null,
    IReadOnlyDictionary<string, string> environmentVariables = null,
    int? timeout = null,
    bool? logOutput = null,
    bool? logInvocation = null,
    Action<OutputType, string> logger = null,
    Action<IProcess> exitHandler = null);

public enum OutputType
{
    Std,
    Err,
}

public struct Output
{
    public OutputType Type;
    public string Text;
}

public interface IProcess : IDisposable
{
    string FileName { get; }
    string Arguments { get; }
    string WorkingDirectory { get; }
    IReadOnlyCollection<Output> Output { get; }
    int ExitCode { get; }
    void Kill();
    bool WaitForExit();
}

[InterpolatedStringHandler]
public ref struct ArgumentStringHandler
{
    public ArgumentStringHandler(int literalLength, int formattedCount, out bool handlerIsValid) => throw null;
    public static implicit operator ArgumentStringHandler(string value) => throw null;
    public void AppendLiteral(string value) => throw null;
    public void AppendFormatted(object obj, int alignment = 0, string format = null) => throw null;
    public string ToStringAndClear() => throw null;
}

[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public class PathVariableAttribute : Attribute
{
    public PathVariableAttribute(string pathExecutable = null) => throw null;
}
