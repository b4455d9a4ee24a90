using System.Linq.Expressions;
using Nuke.Common.Completion;
using Nuke.Common.Output;
using Nuke.Common.Parameters;
using Nuke.Common.Plans;
using Nuke.Common.Sessions;
using Serilog;

namespace Nuke.Common.Execution;

/// <summary>One invocation from the command line to the exit code.</summary>
internal sealed class BuildRunner
{
    private readonly BuildSession _session;
    private readonly IReadOnlyList<TargetMember> _members;
    private readonly ParameterCatalogue _catalogue;
    private readonly CommandLine _line;

    private BuildRunner(BuildSession session, Type buildType)
    {
        _session = session;
        _members = TargetMember.FindAll(buildType);
        _catalogue = ParameterCatalogue.For(buildType);
        _line = CommandLine.Parse(session.Context.Arguments, _catalogue, session.Context.WorkingDirectory);
    }

    /// <summary>Never throws.</summary>
    public static int Run(BuildSession session, Func<NukeBuild> create, Type buildType, IReadOnlyList<LambdaExpression> defaults)
    {
        using var entered = session.Enter();
        try
        {
            Log.Logger = new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink<ConsoleSink>().CreateLogger();
            return new BuildRunner(session, buildType).Run(create, defaults);
        }
        catch (Exception thrown)
        {
            var exception = ExitCodes.Unwrap(thrown);
            session.Console.WriteError(exception is DefinitionException ? exception.Message : ConsoleSink.Describe(exception));
            return exception is DefinitionException ? ExitCodes.BadUsage : ExitCodes.Declared(exception) ?? ExitCodes.Failed;
        }
    }

    private int Run(Func<NukeBuild> create, IReadOnlyList<LambdaExpression> defaults)
    {
        var isHelp = _line.Has(EngineParameters.Help);
        if (isHelp && _line.Errors.Count > 0)
        {
            throw new UsageException(_line.Errors);
        }

        var build = create();
        build.Session = _session;
        var errors = new List<string>();
        var parameters = Resolve(build, isHelp, errors);
        if (errors.Count > 0)
        {
            throw new UsageException([.. errors, .. BuildsOwnErrors(build, parameters, defaults)]);
        }

        build.Help = parameters.Get<bool>(EngineParameters.Help);
        build.Plan = parameters.Get<string>(EngineParameters.Plan) is { } form && !form.Equals("false", StringComparison.OrdinalIgnoreCase);
        var shell = parameters.Get<string>(EngineParameters.Completion);
        if (IsPlanJson(parameters) || shell is not null)
        {
            _session.Console.KeepOutputForDocument();
        }

        build.NoLogo = parameters.Get<bool>(EngineParameters.NoLogo);
        parameters.Inject(build);
        build.OnBuildCreated();

        var graph = TargetGraph.Create(build, _members, defaults);
        if (shell is not null)
        {
            _session.Console.WriteDocument(CompletionScript.Create(shell, CompletionWords.Of(graph, _catalogue, build)));
            return 0;
        }

        BuildSchema.Update(build, _catalogue, _members);
        var invoked = Invoked(graph, parameters);
        if (build.Help || invoked.Count == 0)
        {
            _session.Console.Write(HelpText.Create(graph, _catalogue, build, _session.Console.Width));
            return 0;
        }

        var plan = TargetPlan.Create(invoked).WithExclusive(_session.Context.Slots.Exclusive);
        var wrong = Check(plan);
        return wrong.Length == 0 ? Run(build, plan, parameters) : throw new UsageException(wrong);
    }

    /// <summary>What the build finds wrong with a call that the engine has refused already.</summary>
    private string[] BuildsOwnErrors(NukeBuild build, ParameterValues parameters, IReadOnlyList<LambdaExpression> defaults)
    {
        try
        {
            parameters.Inject(build);
            build.OnBuildCreated();
            return Check(TargetPlan.Create(Invoked(TargetGraph.Create(build, _members, defaults), parameters)));
        }
        catch (Exception)
        {
            // Its code has never met such values; the errors that are known stand.
            return [];
        }
    }

    private string[] Check(TargetPlan plan) => _session.Context.Slots.Check?.Invoke([.. plan.Order.Select(target => target.Name)]) ?? [];

    private int Run(NukeBuild build, TargetPlan plan, ParameterValues parameters)
    {
        build.ExecutionPlan = plan.Order;
        foreach (var target in plan.Order)
        {
            target.Status = ExecutionStatus.Scheduled;
        }

        if (!build.Plan)
        {
            WriteLogo(build);
        }

        parameters.Warnings.ForEach(warning => Log.Warning("{Warning:l}", warning));
        if (!build.Plan)
        {
            build.OnBuildInitialized();
        }

        var degree = Math.Clamp(parameters.Get<int?>(EngineParameters.DegreeOfParallelism) ?? _session.Context.DefaultDegree, 1, plan.Order.Count);
        var executor = new BuildExecutor(build, plan, _session, new ExecutionOptions(degree, parameters.Get<bool>(EngineParameters.FailFast)));
        if (parameters.Get<string[]>(EngineParameters.Skip) is { } skip)
        {
            SkipRules.Apply(plan, [.. skip.Select(name => plan.Order.FirstOrDefault(target => IsNamed(target.Name, name))).OfType<ExecutableTarget>()], skip.Length == 0);
        }

        executor.RuleOut();
        var missing = executor.Failures.Count > 0 ? [] : Requirements.FindMissing(build, plan, _catalogue);
        BuildAttempt.LeaveOut(_session.Root, plan, parameters);
        if (build.Plan)
        {
            var document = new PlanMaker(build, plan, parameters, _session).Make(degree, executor.Failures, missing);
            if (IsPlanJson(parameters))
            {
                _session.Console.WriteDocument(PlanJson.Create(document));
            }
            else
            {
                _session.Console.Write(PlanText.Create(document, _session.Console.Width));
            }

            return 0;
        }

        if (missing.Count > 0)
        {
            throw new UsageException(missing);
        }

        using var attempt = BuildAttempt.Begin(_session.Root, plan, parameters);
        var exit = Run(build, executor);
        if (exit == 0)
        {
            attempt.Forget();
        }

        return exit;
    }

    private int Run(NukeBuild build, BuildExecutor executor)
    {
        var time = _session.Context.Time;
        var started = time.GetTimestamp();

        // The console program has one thread of its own, and no synchronisation context that could dead-lock.
        executor.RunAsync().GetAwaiter().GetResult();

        var failures = executor.Failures.ToList();
        var hasSucceeded = failures.Count == 0 && build.IsSucceeding;
        SummaryTable.Write(_session, build, time.GetElapsedTime(started));
        SummaryTable.WriteOutcome(_session, hasSucceeded);
        try
        {
            build.OnBuildFinished();
        }
        catch (Exception thrown)
        {
            failures.Add(ExitCodes.Unwrap(thrown));
            Log.Error(failures[^1], "{Hook:l} failed", nameof(NukeBuild.OnBuildFinished));
        }

        return ExitCode(build, failures);
    }

    private static int ExitCode(NukeBuild build, List<Exception> failures)
    {
        var codes = failures.Select(failure => ExitCodes.Declared(failure) ?? (build.ExitCode is null ? ExitCodes.Failed : null)).OfType<int>();
        return ExitCodes.Worst([.. codes, build.ExitCode ?? 0]);
    }

    /// <summary>Finds the values of all parameters, and all that is wrong with the call; for help only what is typed counts.</summary>
    private ParameterValues Resolve(NukeBuild build, bool isHelp, List<string> errors)
    {
        var environment = new ParameterEnvironment(_session.Context.Variables, _session.Context.WorkingDirectory);
        IEnumerable<RawValue> Typed(ParameterDefinition parameter) =>
            (_line.Find(parameter) is { } typed ? [typed] : Array.Empty<RawValue>()).Concat(environment.Find(parameter));

        var parameters = new ParameterValues(_catalogue);
        _session.Parameters = parameters;
        parameters.Resolve([EngineParameters.Profile], Typed, build, _session.Mask);
        var files = isHelp ? [] : ParametersFile.Load(_session.Root, parameters.Get<string[]>(EngineParameters.Profile) ?? [], _catalogue);
        var others = _catalogue.All.Where(parameter => parameter != EngineParameters.Profile);
        parameters.Resolve(others, parameter => Typed(parameter).Concat(files.Select(file => file.Find(parameter)).OfType<RawValue>()), build, _session.Mask);
        if (parameters.Get<Verbosity?>(EngineParameters.Verbosity) is { } verbosity)
        {
            _session.Verbosity = verbosity;
        }

        if (isHelp)
        {
            return parameters;
        }

        errors.AddRange(
        [
            .. _line.Errors,
            .. Names(parameters).Where(name => !_members.Any(member => IsNamed(member.Name, name))).Select(UnknownTarget),
            .. files.SelectMany(file => file.Errors),
            .. parameters.Errors,
            .. parameters.Get<int?>(EngineParameters.DegreeOfParallelism) is < 1 and var degree ? [$"Parameter --degree-of-parallelism: '{degree}' is less than 1."] : Array.Empty<string>(),
        ]);
        return parameters;
    }

    /// <summary>Every word that must name a target.</summary>
    private IEnumerable<string> Names(ParameterValues parameters) =>
        [.. InvokedNames(parameters), .. parameters.Get<string[]>(EngineParameters.Skip) ?? []];

    private IEnumerable<string> InvokedNames(ParameterValues parameters) =>
        _line.Targets.Count == 0 || _line.Has(EngineParameters.Target)
            ? [.. _line.Targets, .. parameters.Get<string[]>(EngineParameters.Target) ?? []]
            : _line.Targets;

    private List<ExecutableTarget> Invoked(TargetGraph graph, ParameterValues parameters)
    {
        var named = InvokedNames(parameters).Select(name => graph.Targets.FirstOrDefault(target => IsNamed(target.Name, name))).OfType<ExecutableTarget>().Distinct().ToList();
        var invoked = named.Count > 0 ? named : graph.Targets.Where(target => target.IsDefault).ToList();
        invoked.ForEach(target => target.Invoked = true);
        return invoked;
    }

    private string UnknownTarget(string name)
    {
        var nearest = Nearest.To(name, _members.Select(member => member.Name));
        return $"Unknown target '{name}'{(nearest is null ? ". Run with --help for all targets." : $"; did you mean {nearest}?")}";
    }

    private static bool IsPlanJson(ParameterValues parameters) => string.Equals(parameters.Get<string>(EngineParameters.Plan), "json", StringComparison.OrdinalIgnoreCase);

    private static bool IsNamed(string target, string name) => ParameterNames.Key(target) == ParameterNames.Key(name);

    private void WriteLogo(NukeBuild build)
    {
        if (!build.NoLogo)
        {
            var version = typeof(NukeBuild).Assembly.GetName().Version!;
            _session.Console.WriteLine($"Preheat target engine {version.ToString(3)}", Tone.Faint);
        }
    }
}
