using System.Linq.Expressions;
using System.Reflection;

namespace Nuke.Common.Execution;

/// <summary>A property that holds a target of the build: of its class, of a base class, or of an interface that it implements.</summary>
internal sealed record TargetMember(string Name, PropertyInfo Property, MethodInfo Implementation)
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>All targets of the build: those of the class first, then those of its components.</summary>
    /// <exception cref="DefinitionException">Two targets have one name.</exception>
    public static IReadOnlyList<TargetMember> FindAll(Type buildType)
    {
        var found = new List<TargetMember>();
        var slots = new HashSet<MethodInfo>();
        var implementations = new HashSet<MethodInfo>();
        for (var type = buildType; type is not null && type != typeof(NukeBuild) && type != typeof(object); type = type.BaseType)
        {
            foreach (var property in DeclaredBy(type))
            {
                var getter = property.GetMethod!;

                // An override replaces the base's property; the most derived one comes first.
                if (slots.Add(getter.GetBaseDefinition()))
                {
                    implementations.Add(getter);
                    found.Add(new TargetMember(ShortName(property.Name), property, getter));
                }
            }
        }

        foreach (var component in buildType.GetInterfaces())
        {
            foreach (var property in DeclaredBy(component))
            {
                var implementation = ImplementationOf(buildType, component, property.GetMethod!);
                if (property.Name.Contains('.', StringComparison.Ordinal) || !implementations.Add(implementation))
                {
                    continue;
                }

                found.Add(new TargetMember(property.Name, property, implementation));
            }
        }

        RefuseDuplicates(buildType, found);
        return found;
    }

    /// <summary>The properties of type <see cref="Target"/>, <see cref="Setup"/> or <see cref="Cleanup"/> that the type itself declares.</summary>
    public static IEnumerable<PropertyInfo> DeclaredBy(Type type) =>
        type.GetProperties(Declared).Where(property => IsTarget(property.PropertyType) && property.GetMethod is not null);

    /// <summary>Lets the value of such a property say what its target is.</summary>
    public static void Apply(Delegate factory, ITargetDefinition definition) => _ = factory switch
    {
        Target target => target(definition),
        Setup setup => setup(definition),
        Cleanup cleanup => cleanup(definition),
        _ => throw new ArgumentException($"{factory.GetType().Name} defines no target.", nameof(factory)),
    };

    /// <summary>The property that <c>x =&gt; x.Name</c> or <c>x =&gt; ((IComponent)x).Name</c> reads.</summary>
    public static PropertyInfo PropertyOf(LambdaExpression expression) =>
        expression.Body is MemberExpression { Member: PropertyInfo property }
            ? property
            : throw new DefinitionException($"'{expression}' does not name a target; write x => x.Name.");

    /// <summary>The value that the property's own getter gives, even where a derived type overrides it.</summary>
    public static Delegate ValueAsDeclared(PropertyInfo property, object instance)
    {
        // A delegate made from the getter's address calls it without virtual dispatch.
        var pointer = property.GetMethod!.MethodHandle.GetFunctionPointer();
        var getter = (Func<Delegate>)Activator.CreateInstance(typeof(Func<>).MakeGenericType(property.PropertyType), instance, pointer)!;
        return getter();
    }

    public Delegate Value(NukeBuild build) =>
        (Delegate)(Property.GetValue(build) ?? throw new DefinitionException($"Target '{Name}' is null."));

    /// <summary>The same property as each base class declares it, the nearest base on top.</summary>
    public Stack<PropertyInfo> BaseMembers()
    {
        var stack = new Stack<PropertyInfo>();
        var bases = new List<PropertyInfo>();
        for (var type = Property.DeclaringType!.BaseType; type is not null && type != typeof(NukeBuild); type = type.BaseType)
        {
            bases.AddRange(DeclaredBy(type).Where(property => property.Name == Property.Name));
        }

        bases.Reverse();
        bases.ForEach(stack.Push);
        return stack;
    }

    private static bool IsTarget(Type type) => type == typeof(Target) || type == typeof(Setup) || type == typeof(Cleanup);

    private static MethodInfo ImplementationOf(Type buildType, Type component, MethodInfo getter)
    {
        var map = buildType.GetInterfaceMap(component);
        return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, getter)];
    }

    private static string ShortName(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static void RefuseDuplicates(Type buildType, List<TargetMember> found)
    {
        foreach (var group in found.GroupBy(member => member.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            throw new DefinitionException(
                $"Target name '{group.Key}' is used {group.Count()} times: {string.Join(", ", group.Select(member => $"{member.Property.DeclaringType!.Name}.{member.Name}"))}. Rename all but one.");
        }

        // Nuke hides a component's target behind a public member of the same name without a word.
        foreach (var member in found.Where(member => member.Property.DeclaringType!.IsInterface))
        {
            var hiding = buildType.GetMember(member.Name, BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.FlattenHierarchy);
            if (hiding.Length > 0)
            {
                throw new DefinitionException(
                    $"Target '{member.Name}' of {member.Property.DeclaringType!.Name} is hidden by the public member {hiding[0].DeclaringType!.Name}.{hiding[0].Name}. Rename one of them.");
            }
        }
    }
}
