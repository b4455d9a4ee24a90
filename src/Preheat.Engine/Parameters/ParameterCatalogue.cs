using System.Reflection;
using Nuke.Common.Execution;

namespace Nuke.Common.Parameters;

/// <summary>All parameters: those of the build class, of its base classes and components, and the engine's own.</summary>
internal sealed class ParameterCatalogue
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private readonly Dictionary<string, ParameterDefinition> _byKey;
    private readonly Dictionary<MemberInfo, ParameterDefinition> _byMember;

    private ParameterCatalogue(IReadOnlyList<ParameterDefinition> all)
    {
        All = all;
        _byKey = all.ToDictionary(parameter => parameter.Key);
        _byMember = all.Where(parameter => parameter.Member is not null).ToDictionary(parameter => parameter.Member!);
    }

    /// <summary>The build's own first, in the order of their declaration; then the engine's.</summary>
    public IReadOnlyList<ParameterDefinition> All { get; }

    public ParameterDefinition? Find(string name) => _byKey.GetValueOrDefault(ParameterNames.Key(name));

    public ParameterDefinition? Find(MemberInfo member) => _byMember.GetValueOrDefault(member);

    /// <exception cref="DefinitionException">Two parameters have one name.</exception>
    public static ParameterCatalogue For(Type buildType)
    {
        var found = new List<ParameterDefinition>();
        for (var type = buildType; type is not null && type != typeof(NukeBuild) && type != typeof(object); type = type.BaseType)
        {
            found.AddRange(DeclaredBy(type));
        }

        foreach (var component in buildType.GetInterfaces())
        {
            found.AddRange(DeclaredBy(component));
        }

        found.AddRange(EngineParameters.All);
        foreach (var group in found.GroupBy(parameter => parameter.Key).Where(group => group.Count() > 1))
        {
            throw new DefinitionException($"Parameter --{group.First().DashedName} is declared {group.Count()} times: {string.Join(", ", group.Select(Owner))}.");
        }

        return new ParameterCatalogue(found);
    }

    private static string Owner(ParameterDefinition parameter) =>
        parameter.Member is { } member ? $"{member.DeclaringType!.Name}.{member.Name}" : "the engine";

    private static IEnumerable<ParameterDefinition> DeclaredBy(Type type)
    {
        var prefix = type.GetCustomAttribute<ParameterPrefixAttribute>()?.Prefix;
        foreach (var member in (IEnumerable<MemberInfo>)[.. type.GetProperties(Declared), .. type.GetFields(Declared)])
        {
            var valueType = member switch
            {
                FieldInfo field => field.FieldType,
                PropertyInfo property => property.PropertyType,
                _ => null,
            };
            if (valueType is null || valueType == typeof(Target) || member.GetCustomAttribute<ParameterAttribute>() is not { } attribute)
            {
                continue;
            }

            yield return new ParameterDefinition(prefix + (attribute.Name ?? member.Name), member, Nullable.GetUnderlyingType(valueType) ?? valueType, attribute.Description)
            {
                IsNullable = Nullable.GetUnderlyingType(valueType) is not null,
                IsSecret = member.IsDefined(typeof(SecretAttribute)),
                IsRequired = member.IsDefined(typeof(RequiredAttribute)),
                IsListed = attribute.List,
                Separator = string.IsNullOrEmpty(attribute.Separator) ? null : attribute.Separator[0],
                AllowedValues = build => AllowedValues(attribute, type, build),
            };
        }
    }

    private static List<string>? AllowedValues(ParameterAttribute attribute, Type declaringType, NukeBuild? build)
    {
        if (attribute.ValueProviderMember is not { } name)
        {
            return null;
        }

        var holder = attribute.ValueProviderType ?? (declaringType.IsInterface ? build?.GetType() ?? declaringType : declaringType);
        var member = holder.GetMember(name, BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.FlattenHierarchy)
            .FirstOrDefault() ?? throw new DefinitionException($"{holder.Name} has no member '{name}' to provide values for a parameter of {declaringType.Name}.");
        var values = member switch
        {
            FieldInfo field => field.GetValue(field.IsStatic ? null : build),
            PropertyInfo property => property.GetValue(property.GetMethod!.IsStatic ? null : build),
            _ => null,
        };
        return values is IEnumerable<string> texts ? [.. texts] : throw new DefinitionException($"{holder.Name}.{name} must be an IEnumerable<string>.");
    }
}
