using System.Reflection;

namespace Nuke.Common
{
    public class ParameterAttribute : ValueInjection.ValueInjectionAttributeBase
    {
        public ParameterAttribute(string description = null) => throw null;
        public virtual string Description => throw null;
        public string Name { get => throw null; set => throw null; }
        public string Separator { get => throw null; set => throw null; }
        public virtual bool List { get => throw null; set => throw null; }
        public Type ValueProviderType { get => throw null; set => throw null; }
        public string ValueProviderMember { get => throw null; set => throw null; }
        public override object GetValue(MemberInfo member, object instance) => throw null;
        public virtual IEnumerable<(string, object)> GetValueSet(MemberInfo member, object instance) => throw null;
    }

    [AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
    public class RequiredAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
    public class OptionalAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter)]
    public class SecretAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Interface, AllowMultiple = false, Inherited = false)]
    public class ParameterPrefixAttribute : Attribute
    {
        public ParameterPrefixAttribute(string prefix) => throw null;
        public string Prefix => throw null;
    }
}

namespace Nuke.Common.ValueInjection
{
    [AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
    public abstract class ValueInjectionAttributeBase : Attribute
    {
        public virtual int Priority => throw null;
        public abstract object GetValue(MemberInfo member, object instance);
    }
}
