using System.Globalization;

namespace Preheat.Load;

/// <summary>What a load test sends, how fast and for how long.</summary>
public sealed record LoadOptions
{
    /// <summary>Requests per second. The default value is 10.</summary>
    public double Rate { get; init; } = 10;

    /// <summary>How long requests are sent. The default value is 10 seconds.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From a request's actual send to the end of its answer. The default value is 30 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A file in vegeta's form whose targets are sent in turn; null (the default) sends the generated request.</summary>
    public string? TargetsFile { get; init; }

    /// <summary>The interface that the generated request calls. The default value is <see cref="LoadDialect.Completions"/>.</summary>
    public LoadDialect Dialect { get; init; } = LoadDialect.Completions;

    /// <summary>Whether the generated request asks for a stream; without one there is no TTFT. The default value is true.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>Share of the likeliest tokens that the generated request chooses from; null leaves it out. The default value is 1.</summary>
    public double? TopP { get; init; } = 1;

    /// <summary>Most tokens of an answer. The default value is 128.</summary>
    public int MaxTokens { get; init; } = 128;

    /// <summary>What the generated request says.</summary>
    public string Prompt { get; init; } = "Explain in a few sentences why a large language model starts slowly on a new machine, and what helps.";

    /// <summary>Requests sent one after the other before the measurement, and not counted. The default value is 1.</summary>
    public int WarmUpRequests { get; init; } = 1;

    /// <summary>What the run must reach. The default is none.</summary>
    public IReadOnlyList<Objective> Objectives { get; init; } = [];

    /// <summary>Requests of the whole schedule: rate × duration, at least 1.</summary>
    public int Requests => (int)Math.Clamp(Math.Round(Rate * Duration.TotalSeconds), 1, MostRequests);

    private const int MostRequests = 20_000_000;

    /// <summary>The options for a server and its interface (<c>--server</c>, <c>--server-api</c>).</summary>
    public LoadOptions For(string server, string api) => this with
    {
        Dialect = api == "openai" ? LoadDialect.Completions : server == "tgi" ? LoadDialect.TgiGenerate : LoadDialect.Generate,
        TopP = server == "tgi" ? null : TopP,
    };

    /// <summary>Reads options as people write them; null leaves the default. Durations are Go's (<c>600s</c>, <c>10m</c>) or plain seconds.</summary>
    /// <exception cref="UserException">All wrong values, each with what is allowed.</exception>
    public static LoadOptions Parse(string? rate, string? duration, string? timeout, string? targets, IEnumerable<string>? objectives)
    {
        var errors = new List<string>();
        var options = new LoadOptions();
        if (rate is not null)
        {
            var number = rate.EndsWith("/s", StringComparison.Ordinal) ? rate[..^2] : rate;
            if (double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                options = options with { Rate = value };
            else
                errors.Add($"--load-rate '{rate}' is not a number of requests per second, for example 10 or 0.5");
        }
        if (ReadDuration("--load-duration", duration, errors) is { } length)
            options = options with { Duration = length };
        if (ReadDuration("--load-timeout", timeout, errors) is { } limit)
            options = options with { Timeout = limit };
        options = options with { TargetsFile = string.IsNullOrEmpty(targets) ? null : targets };
        if (options.TargetsFile is { } file && !File.Exists(file))
            errors.Add($"--load-targets '{file}' is not there ({Path.GetFullPath(file)}). Give a file in vegeta's form (METHOD URL, headers, @body-file), or leave it out for the generated request.");
        if (objectives is not null)
            options = options with { Objectives = Objective.ParseAll(objectives, errors) };
        errors.AddRange(options.Errors());
        return errors.Count == 0 ? options : throw new UserException(string.Join('\n', errors));
    }

    /// <summary>What is wrong with the values; empty when nothing is.</summary>
    public IEnumerable<string> Errors()
    {
        if (!(Rate > 0 && Rate <= 1_000_000))
            yield return $"--load-rate {Rate} is out of range: more than 0, at most 1000000 requests per second";
        if (Duration <= TimeSpan.Zero || Duration > TimeSpan.FromDays(1))
            yield return $"--load-duration {Duration.TotalSeconds} s is out of range: more than 0, at most 24h";
        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromHours(1))
            yield return $"--load-timeout {Timeout.TotalSeconds} s is out of range: more than 0, at most 1h";
        if (Rate * Duration.TotalSeconds > MostRequests)
            yield return $"--load-rate {Rate} for {Duration.TotalSeconds} s is more than {MostRequests} requests; lower the rate or the duration";
        if (MaxTokens is < 1 or > 1_000_000)
            yield return $"{MaxTokens} tokens are out of range: 1 to 1000000";
        if (WarmUpRequests is < 0 or > 1000)
            yield return $"{WarmUpRequests} warm-up requests are out of range: 0 to 1000";
    }

    private static TimeSpan? ReadDuration(string option, string? text, List<string> errors)
    {
        if (text is null)
            return null;
        if (GoDuration.TryRead(text, out var span))
            return span;
        errors.Add($"{option} '{text}' is not a duration, for example 30s, 1m30s or 600 (seconds)");
        return null;
    }
}
