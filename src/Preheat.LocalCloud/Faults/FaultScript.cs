using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Faults;

/// <summary>The rules in force. The first that fits a request acts on it and is counted down.</summary>
public sealed class FaultScript(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<(FaultRule Rule, int Left)> _rules = [];

    /// <summary>Adds a rule behind those in force.</summary>
    public void Add(FaultRule rule)
    {
        lock (_gate)
        {
            _rules.Add((rule, rule.Times));
        }
    }

    /// <summary>Removes all rules.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _rules.Clear();
        }
    }

    /// <summary>Wraps a handler so that the script acts before it.</summary>
    public RequestDelegate Guard(RequestDelegate next) => async context =>
    {
        if (Take(context.Request) is not { } rule)
        {
            await next(context);
            return;
        }

        if (rule.LatencyMilliseconds > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(rule.LatencyMilliseconds), time, context.RequestAborted);
        }

        if (rule.DropAfterBytes == 0)
        {
            context.Abort();
            return;
        }

        if (rule.DropAfterBytes is { } limit)
        {
            context.Response.Body = new CutStream(context, context.Response.Body, limit);
        }

        if (rule.Status is not { } status)
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = status;
        foreach (var (name, value) in rule.Headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(rule.Body, context.RequestAborted);
    };

    private FaultRule? Take(HttpRequest request)
    {
        lock (_gate)
        {
            var index = _rules.FindIndex(entry =>
                request.Path.Value!.StartsWith(entry.Rule.Prefix, StringComparison.Ordinal)
                && (entry.Rule.Method is null || HttpMethods.Equals(entry.Rule.Method, request.Method)));
            if (index < 0)
            {
                return null;
            }

            var (rule, left) = _rules[index];
            if (left == 1)
            {
                _rules.RemoveAt(index);
            }
            else if (left > 1)
            {
                _rules[index] = (rule, left - 1);
            }

            return rule;
        }
    }
}
