using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Preheat.Engine.Tests.BothWorlds;

/// <summary>Members as <c>Type::Name signature</c>: those that an assembly declares for others, and those that it takes from another.</summary>
internal sealed class AssemblyMembers : IDisposable
{
    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    public AssemblyMembers(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Every type that other assemblies see, by full name.</summary>
    public IReadOnlySet<string> PublicTypes() => Public().Select(handle => SignatureNames.NameOf(_reader, handle)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Every method and field that other assemblies may use.</summary>
    public IReadOnlySet<string> PublicMembers()
    {
        var members = new HashSet<string>(StringComparer.Ordinal);
        foreach (var handle in Public())
        {
            var type = _reader.GetTypeDefinition(handle);
            var name = SignatureNames.NameOf(_reader, handle);
            foreach (var method in type.GetMethods().Select(_reader.GetMethodDefinition).Where(method => IsVisible(method.Attributes)))
            {
                members.Add($"{name}::{_reader.GetString(method.Name)} {SignatureNames.Text(method.DecodeSignature(new SignatureNames(), null))}");
            }

            foreach (var field in type.GetFields().Select(_reader.GetFieldDefinition).Where(field => field.Attributes.HasFlag(FieldAttributes.Public)))
            {
                members.Add($"{name}::{_reader.GetString(field.Name)} {field.DecodeSignature(new SignatureNames(), null)}");
            }
        }

        return members;
    }

    /// <summary>Every type that this assembly takes from the one of the name.</summary>
    public IReadOnlySet<string> TypesOf(string assembly) => _reader.TypeReferences
        .Where(handle => IsOf(assembly, handle))
        .Select(handle => SignatureNames.NameOf(_reader, handle))
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Every member that this assembly takes from the one of the name: called, overridden, or set in an attribute.</summary>
    public IReadOnlySet<string> UsesOf(string assembly) =>
        ReferencesTo(assembly).Concat(OverridesOf(assembly)).Concat(AttributePropertiesOf(assembly)).ToHashSet(StringComparer.Ordinal);

    private IEnumerable<string> ReferencesTo(string assembly)
    {
        foreach (var member in _reader.MemberReferences.Select(_reader.GetMemberReference))
        {
            var parent = member.Parent;
            if (parent.Kind != HandleKind.TypeReference || !IsOf(assembly, (TypeReferenceHandle)parent))
            {
                continue;
            }

            var signature = member.GetKind() == MemberReferenceKind.Method
                ? SignatureNames.Text(member.DecodeMethodSignature(new SignatureNames(), null))
                : member.DecodeFieldSignature(new SignatureNames(), null);
            yield return $"{SignatureNames.NameOf(_reader, parent)}::{_reader.GetString(member.Name)} {signature}";
        }
    }

    private IEnumerable<string> OverridesOf(string assembly) =>
        from type in _reader.TypeDefinitions.Select(_reader.GetTypeDefinition)
        where type.BaseType.Kind == HandleKind.TypeReference && IsOf(assembly, (TypeReferenceHandle)type.BaseType)
        from method in type.GetMethods().Select(_reader.GetMethodDefinition)
        where method.Attributes.HasFlag(MethodAttributes.Virtual) && !method.Attributes.HasFlag(MethodAttributes.NewSlot)
        select $"{SignatureNames.NameOf(_reader, type.BaseType)}::{_reader.GetString(method.Name)} {SignatureNames.Text(method.DecodeSignature(new SignatureNames(), null))}";

    private IEnumerable<string> AttributePropertiesOf(string assembly)
    {
        foreach (var attribute in _reader.CustomAttributes.Select(_reader.GetCustomAttribute).Where(attribute => attribute.Constructor.Kind == HandleKind.MemberReference))
        {
            var parent = _reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference || !IsOf(assembly, (TypeReferenceHandle)parent))
            {
                continue;
            }

            foreach (var argument in attribute.DecodeValue(new SignatureNames()).NamedArguments)
            {
                yield return $"{SignatureNames.NameOf(_reader, parent)}::set_{argument.Name} instance System.Void `0({argument.Type})";
            }
        }
    }

    private bool IsOf(string assembly, TypeReferenceHandle handle)
    {
        var scope = _reader.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsOf(assembly, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference => _reader.GetString(_reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name) == assembly,
            _ => false,
        };
    }

    private IEnumerable<TypeDefinitionHandle> Public() => _reader.TypeDefinitions.Where(handle =>
        (_reader.GetTypeDefinition(handle).Attributes & TypeAttributes.VisibilityMask) is TypeAttributes.Public or TypeAttributes.NestedPublic);

    private static bool IsVisible(MethodAttributes attributes) =>
        (attributes & MethodAttributes.MemberAccessMask) is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;
}
