using System.Reflection;

namespace Nuke.Common.Tooling;

/// <summary>
/// The member, of type <see cref="Tool"/>, is a program: that of the environment variable <c>NAME_EXE</c>, or else one of the <c>PATH</c>; null
/// when there is none.
/// </summary>
/// <param name="pathExecutable">The program's name; that of the member in lower case when null.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public class PathVariableAttribute(string? pathExecutable = null) : Attribute
{
    /// <summary>The program of the member, or null.</summary>
    internal static Tool? Find(MemberInfo member) =>
        member.GetCustomAttribute<PathVariableAttribute>() is { } attribute && Executable.Find(attribute.NameFor(member)) is { } file
            ? new Executable(file).Run
            : null;

    internal string NameFor(MemberInfo member) => pathExecutable ?? member.Name.ToLowerInvariant();

    /// <summary>Sets the members of the build class that carry the attribute.</summary>
    internal static void Inject(NukeBuild build)
    {
        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        for (var type = build.GetType(); type is not null && type != typeof(NukeBuild); type = type.BaseType)
        {
            foreach (var field in type.GetFields(Declared).Where(field => field.IsDefined(typeof(PathVariableAttribute))))
            {
                field.SetValue(build, Find(field));
            }

            foreach (var property in type.GetProperties(Declared).Where(property => property.IsDefined(typeof(PathVariableAttribute)) && property.SetMethod is not null))
            {
                property.SetValue(build, Find(property));
            }
        }
    }
}
