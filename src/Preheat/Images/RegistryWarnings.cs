using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Passes on what a registry says in <c>Warning</c> headers, each text once; nothing else follows from it.</summary>
/// <remarks>https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#warnings: <c>299 - "text"</c>, at most 4,096 bytes in an answer.</remarks>
internal sealed class RegistryWarnings(string host, IEventSink? events)
{
    private const int WarnCode = 299;
    private const int LongestOfAnAnswer = 4096;
    private const int Most = 20;

    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    public void Read(HttpResponseMessage response)
    {
        if (events is null || !response.Headers.Contains("Warning"))
            return;
        var left = LongestOfAnAnswer;
        foreach (var warning in response.Headers.Warning.Where(warning => warning.Code == WarnCode && warning.Agent == "-"))
        {
            var quoted = warning.Text;
            if ((left -= quoted.Length) < 0)
                return;
            var text = quoted.Length < 2 ? "" : quoted[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
            if (text.Length > 0 && IsNew(text))
                events.Emit(new Warning($"{host} warns: {new string([.. text.Select(character => char.IsControl(character) ? ' ' : character)])}"));
        }
    }

    private bool IsNew(string text)
    {
        lock (_said)
            return _said.Count < Most && _said.Add(text);
    }
}
