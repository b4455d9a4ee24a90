using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nuke.Common.Execution;

/// <summary>
/// Finds a target by the value of its property, a delegate that is made anew each time the property is read, in constant time.
/// </summary>
/// <remarks>
/// Delegates know when they are equal, but their hash code is that of the object they are bound to, the same for all targets of a build; and
/// asking one for its method searches all methods of the class. So the hash code here is the address of the method's code. Should the
/// runtime ever give one method two addresses, or not tell them, all targets are compared: slower, with the same answer.
/// </remarks>
internal sealed class FactoryMap
{
    private readonly Dictionary<Delegate, ExecutableTarget> _targets = new(new ByAddress());

    /// <summary>False when another target has the same value, which is then the one given.</summary>
    public bool TryAdd(Delegate factory, ExecutableTarget target, [NotNullWhen(false)] out ExecutableTarget? other)
    {
        other = _targets.GetValueOrDefault(factory);
        return other is null && _targets.TryAdd(factory, target);
    }

    /// <summary>The target whose property has this value; null when there is none.</summary>
    public ExecutableTarget? Find(Delegate? factory) =>
        factory is null ? null : _targets.GetValueOrDefault(factory) ?? _targets.FirstOrDefault(pair => pair.Key.Equals(factory)).Value;

    private sealed class ByAddress : IEqualityComparer<Delegate>
    {
        private bool _isUnknown;

        public bool Equals(Delegate? x, Delegate? y) => object.Equals(x, y);

        public int GetHashCode(Delegate obj)
        {
            if (!_isUnknown)
            {
                try
                {
                    return Address(obj).GetHashCode();
                }
                catch (MissingFieldException)
                {
                    // A runtime that keeps it elsewhere.
                    _isUnknown = true;
                }
            }

            return obj.GetHashCode();
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_methodPtr")]
        private static extern ref nint Address(Delegate obj);
    }
}
