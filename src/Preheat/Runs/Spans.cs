namespace Preheat.Runs;

/// <summary>Spans of time as people say them.</summary>
public static class Spans
{
    /// <summary>The largest unit and the next: <c>45 s</c>, <c>3 min 20 s</c>, <c>5 h 2 min</c>, <c>2 d 4 h</c>.</summary>
    public static string Text(TimeSpan span) => span switch
    {
        { TotalMinutes: < 1 } => $"{span.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{span.Minutes} min {span.Seconds} s",
        { TotalDays: < 1 } => $"{span.Hours} h {span.Minutes} min",
        _ => $"{span.Days} d {span.Hours} h",
    };
}
