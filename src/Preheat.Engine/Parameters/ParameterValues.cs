using System.Linq.Expressions;
using System.Reflection;
using Nuke.Common.Output;
using Nuke.Common.Tooling;

namespace Nuke.Common.Parameters;

/// <summary>The value of every parameter, found and converted once.</summary>
internal sealed class ParameterValues(ParameterCatalogue catalogue)
{
    private readonly Dictionary<ParameterDefinition, object?> _values = [];
    private readonly Dictionary<ParameterDefinition, RawValue> _sources = [];

    public ParameterCatalogue Catalogue => catalogue;

    /// <summary>Values that do not convert, each with its source.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Bare environment names whose value does not convert.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>
    /// Looks at all sources, strongest first. Every text that any source has for a secret is masked, also those that a stronger source hides.
    /// </summary>
    public void Resolve(IEnumerable<ParameterDefinition> parameters, Func<ParameterDefinition, IEnumerable<RawValue>> sources, NukeBuild? build, SecretMask mask)
    {
        foreach (var parameter in parameters)
        {
            var found = sources(parameter).ToList();
            if (parameter.IsSecret)
            {
                mask.Add(found.SelectMany(raw => raw.Texts));
            }

            var allowed = found.Count > 0 ? parameter.AllowedValues(build) : null;
            foreach (var raw in found)
            {
                var (value, problem) = ValueConverter.Convert(parameter, raw, allowed);
                if (problem is null)
                {
                    _values[parameter] = value;
                    _sources[parameter] = raw;
                    break;
                }

                if (!raw.MayBeMeantForOthers)
                {
                    Errors.Add($"Parameter --{parameter.DashedName}: {problem} (from {raw.Source}){Hint(parameter, raw, build)}");
                    break;
                }

                Warnings.Add($"Ignored {raw.Source}: {problem}. If it is meant for --{parameter.DashedName}, set NUKE_{parameter.DashedName.ToUpperInvariant().Replace('-', '_')}.");
            }
        }
    }

    private static string Hint(ParameterDefinition parameter, RawValue raw, NukeBuild? build)
    {
        var choices = parameter.Choices(build) ?? [];
        var wrong = raw.Texts.FirstOrDefault(text => !choices.Contains(text, StringComparer.OrdinalIgnoreCase));
        return wrong is not null && Nearest.To(wrong, choices) is { } nearest ? $"; did you mean {nearest}?" : ".";
    }

    /// <summary>Where the value comes from; null when no source has one.</summary>
    public RawValue? SourceOf(ParameterDefinition parameter) => _sources.GetValueOrDefault(parameter);

    public object? Get(ParameterDefinition parameter) => _values.GetValueOrDefault(parameter);

    public T? Get<T>(ParameterDefinition parameter) => _values.TryGetValue(parameter, out var value) ? (T?)value : default;

    /// <summary>The value of the parameter that <c>() =&gt; Member</c> names, or the default of <typeparamref name="T"/>.</summary>
    public T Get<T>(LambdaExpression expression)
    {
        var member = MemberOf(expression);
        if (member.IsDefined(typeof(PathVariableAttribute)))
        {
            return (T)(object?)PathVariableAttribute.Find(member)!;
        }

        var parameter = catalogue.Find(member)
            ?? throw new ArgumentException($"{member.DeclaringType?.Name}.{member.Name} is not a [Parameter].", nameof(expression));
        return (T)_values.GetValueOrDefault(parameter)!;
    }

    /// <summary>Sets the fields and properties of the build class; those without a value keep what their initialiser gave them.</summary>
    public void Inject(NukeBuild build)
    {
        PathVariableAttribute.Inject(build);
        foreach (var (parameter, value) in _values)
        {
            switch (parameter.Member)
            {
                case FieldInfo field:
                    field.SetValue(field.IsStatic ? null : build, value);
                    break;
                case PropertyInfo { DeclaringType.IsInterface: false } property when property.SetMethod is { } setter:
                    setter.Invoke(setter.IsStatic ? null : build, [value]);
                    break;
                case PropertyInfo { DeclaringType.IsInterface: false } property:
                    // A property without a setter that is not computed has a field that the compiler named for it.
                    property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)?.SetValue(build, value);
                    break;
            }
        }
    }

    /// <summary>Sets what the user was asked for; gives what is wrong with it, or null.</summary>
    public string? Set(ParameterDefinition parameter, string text, NukeBuild build)
    {
        var (value, problem) = ValueConverter.Convert(parameter, new RawValue([text], "the terminal", Environment.CurrentDirectory), parameter.AllowedValues(build));
        if (problem is null)
        {
            _values[parameter] = value;
        }

        return problem;
    }

    internal static MemberInfo MemberOf(LambdaExpression expression)
    {
        var body = expression.Body is UnaryExpression { NodeType: ExpressionType.Convert } convert ? convert.Operand : expression.Body;
        return body is MemberExpression member
            ? member.Member
            : throw new ArgumentException($"'{expression}' does not name a member; write () => Member.", nameof(expression));
    }
}
