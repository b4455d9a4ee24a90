using System.Globalization;
using System.Text.Json;

namespace Preheat.LocalCloud.Serving.Tgi;

/// <summary>Writes lines as TGI's programs do: <c>2025-07-04T12:35:02.586768Z  INFO text_generation_launcher: …</c>, or as JSON with <c>--json-output</c>.</summary>
internal sealed class TgiLog(Action<string> write, TimeProvider time)
{
    public bool IsJson { get; set; }

    public void Launcher(string message) => Line("INFO", "text_generation_launcher", message);

    /// <param name="span">What the line belongs to: <c>download</c>, <c>shard-manager</c>.</param>
    public void Launcher(string span, string message) => Line("INFO", "text_generation_launcher", message, span);

    /// <param name="source">Crate, file and line: <c>text_generation_router_v3: backends/v3/src/lib.rs:125</c>.</param>
    public void Router(string source, string message) => Line("INFO", source, message);

    public void Warning(string source, string message) => Line("WARN", source, message);

    private void Line(string level, string target, string message, string? span = null)
    {
        var now = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        write(IsJson
            ? JsonSerializer.Serialize(new { timestamp = now, level, fields = new { message }, target = target.Split(':')[0] })
            : $"{now} {level,5} {(span is null ? "" : $"{span}: ")}{target}: {message}");
    }
}
