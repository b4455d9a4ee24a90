using System.Text.RegularExpressions;

namespace Preheat.Load;

/// <summary>Reads vegeta's <c>targets.txt</c>: per target a line <c>METHOD URL</c>, header lines, <c>@body-file</c>; a blank line between targets; <c>#</c> begins a comment line.</summary>
/// <remarks>
/// Source: vegeta's README, "-targets" and "HTTP format". A path (<c>/v1/completions</c>) is resolved below the endpoint's base address; an absolute URL
/// must lie at the endpoint itself, as the client may carry its credentials. A body file's path is relative to the targets file.
/// </remarks>
public static partial class TargetsFile
{
    private const int MostTargets = 100_000;
    private const long LargestBody = 16 * 1024 * 1024;

    /// <exception cref="UserException">The file or a body file cannot be read, or lines are wrong; all of them are listed as <c>file:line: reason</c>.</exception>
    public static IReadOnlyList<LoadTarget> Read(string path, Uri baseAddress)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"Cannot read the targets file '{path}': {exception.Message} Name a file in vegeta's form with --load-targets.", exception);
        }
        return Parse(lines, path, baseAddress);
    }

    /// <inheritdoc cref="Read"/>
    /// <param name="lines">The lines of the file.</param>
    /// <param name="path">Its path: names it in messages and is where body files are looked for.</param>
    /// <param name="baseAddress">The endpoint's base address, ending in a slash.</param>
    public static IReadOnlyList<LoadTarget> Parse(IReadOnlyList<string> lines, string path, Uri baseAddress)
    {
        var parser = new Parser(path, baseAddress);
        for (var i = 0; i < lines.Count; i++)
            parser.Take(lines[i].Trim(), i + 1);
        return parser.Finish();
    }

    private sealed class Parser(string path, Uri baseAddress)
    {
        private readonly List<LoadTarget> _targets = [];
        private readonly List<string> _errors = [];
        private readonly Dictionary<string, ReadOnlyMemory<byte>> _bodies = new(StringComparer.Ordinal);
        private (HttpMethod Method, Uri Address)? _open;
        private List<KeyValuePair<string, string>> _headers = [];
        private ReadOnlyMemory<byte>? _body;

        public void Take(string line, int number)
        {
            if (line.StartsWith('#'))
                return;
            if (line.Length == 0)
                Close();
            else if (RequestLine().Match(line) is { Success: true } request)
                Open(request.Groups["method"].Value, request.Groups["url"].Value, number);
            else if (_open is null)
                Add(number, $"'{Shown(line)}' is not 'METHOD URL', for example 'POST /v1/completions'");
            else if (line.StartsWith('@'))
                TakeBody(line[1..].Trim(), number);
            else
                TakeHeader(line, number);
        }

        public IReadOnlyList<LoadTarget> Finish()
        {
            Close();
            if (_errors.Count == 0 && _targets.Count == 0)
                _errors.Add($"{path}:1: no target; write 'METHOD URL', header lines and '@body-file'");
            if (_errors.Count > 0)
                throw new UserException("The targets file is not in vegeta's form:\n" + string.Join('\n', _errors.Take(20)) + (_errors.Count > 20 ? $"\n… and {_errors.Count - 20} more" : ""));
            return _targets;
        }

        private void Open(string method, string url, int number)
        {
            Close();
            _open = (new HttpMethod(method), baseAddress);
            if (Resolve(url) is { } address)
                _open = (new HttpMethod(method), address);
            else
                Add(number, $"'{Shown(url)}' is not at the endpoint {baseAddress.GetLeftPart(UriPartial.Authority)}; write the path alone, for example /v1/completions");
            if (_targets.Count >= MostTargets)
                Add(number, $"more than {MostTargets} targets");
        }

        private Uri? Resolve(string url)
        {
            // A path is meant below the endpoint's own base path, so its leading slash must not lead out of that.
            if (!url.Contains("://", StringComparison.Ordinal))
                return Uri.TryCreate(baseAddress, "./" + url.TrimStart('/'), out var below) && baseAddress.IsBaseOf(below) ? below : null;
            return Uri.TryCreate(url, UriKind.Absolute, out var absolute)
                && Uri.Compare(absolute, baseAddress, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0
                ? absolute
                : null;
        }

        private void TakeBody(string name, int number)
        {
            if (_body is not null)
            {
                Add(number, "a second body for one target; put a blank line between targets");
                return;
            }
            var file = Path.GetFullPath(name, Path.GetDirectoryName(Path.GetFullPath(path))!);
            if (!_bodies.TryGetValue(file, out var bytes))
            {
                try
                {
                    if (new FileInfo(file).Length > LargestBody)
                        throw new IOException($"it is larger than {LargestBody / 1024 / 1024} MiB.");
                    _bodies[file] = bytes = File.ReadAllBytes(file);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    Add(number, $"cannot read the body file '{Shown(name)}': {exception.Message}");
                }
            }
            _body = bytes;
        }

        private void TakeHeader(string line, int number)
        {
            var header = HeaderLine().Match(line);
            if (_body is not null)
                Add(number, $"'{Shown(line)}' after the body; put a blank line between targets");
            else if (header.Success)
                _headers.Add(new(header.Groups["name"].Value, header.Groups["value"].Value));
            else
                Add(number, $"'{Shown(line)}' is not 'Header-Name: value'");
        }

        private void Close()
        {
            if (_open is var (method, address))
                _targets.Add(new LoadTarget(method, address, _headers, _body ?? ReadOnlyMemory<byte>.Empty));
            (_open, _headers, _body) = (null, [], null);
        }

        private void Add(int number, string reason) => _errors.Add($"{path}:{number}: {reason}");

        private static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "…";
    }

    [GeneratedRegex(@"^(?<method>[A-Z]+)\s+(?<url>\S+)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex RequestLine();

    // RFC 9110, section 5.6.2: a field name is a token.
    [GeneratedRegex(@"^(?<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(?<value>[^\r\n\0]*)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex HeaderLine();
}
