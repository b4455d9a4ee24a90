using System.Reflection;
using System.Reflection.Emit;
using Nuke.Common;

namespace Preheat.Benchmarks.Engine;

/// <summary>
/// Makes a build class with as many targets as wanted, <c>T0</c>, <c>T1</c>, …, each of them empty and dependent on up to three earlier ones.
/// The class has the form that the compiler gives one written by hand: a property whose value is a delegate of a method.
/// </summary>
public static class LargeBuild
{
    /// <summary>What a target of the made class says about itself.</summary>
    public static ITargetDefinition Define(ITargetDefinition definition, Target[] dependencies) =>
        definition.DependsOn(dependencies).Executes(() => { });

    /// <summary>As a file: code that only lives in memory is compiled with all optimisations at once, and a build's is not.</summary>
    internal static Type Create(int count, string folder)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName($"LargeBuild{count}"), typeof(object).Assembly);
        var type = assembly.DefineDynamicModule("main").DefineType("LargeBuild", TypeAttributes.Public, typeof(NukeBuild));
        type.DefineDefaultConstructor(MethodAttributes.Public);
        var getters = new MethodBuilder[count];
        var random = new Random(count);
        for (var i = 0; i < count; i++)
        {
            // Always the one before, so that the last target needs them all.
            int[] dependencies = i == 0 ? [] : [.. new[] { i - 1, random.Next(i), random.Next(i) }.Distinct()];
            getters[i] = Define(type, i, [.. dependencies.Select(other => getters[other])]);
        }
        type.CreateType();
        var file = Path.Combine(folder, $"LargeBuild{count}.dll");
        assembly.Save(file);
        return Assembly.LoadFrom(file).GetType("LargeBuild", throwOnError: true)!;
    }

    private static MethodBuilder Define(TypeBuilder type, int index, MethodBuilder[] dependencies)
    {
        var body = type.DefineMethod($"D{index}", MethodAttributes.Private, typeof(ITargetDefinition), [typeof(ITargetDefinition)]);
        var code = body.GetILGenerator();
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Ldc_I4, dependencies.Length);
        code.Emit(OpCodes.Newarr, typeof(Target));
        for (var i = 0; i < dependencies.Length; i++)
        {
            code.Emit(OpCodes.Dup);
            code.Emit(OpCodes.Ldc_I4, i);
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Call, dependencies[i]);
            code.Emit(OpCodes.Stelem_Ref);
        }
        code.Emit(OpCodes.Call, typeof(LargeBuild).GetMethod(nameof(Define), [typeof(ITargetDefinition), typeof(Target[])])!);
        code.Emit(OpCodes.Ret);

        var getter = type.DefineMethod($"get_T{index}", MethodAttributes.Public | MethodAttributes.SpecialName | MethodAttributes.HideBySig, typeof(Target), Type.EmptyTypes);
        code = getter.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldftn, body);
        code.Emit(OpCodes.Newobj, typeof(Target).GetConstructors()[0]);
        code.Emit(OpCodes.Ret);
        var property = type.DefineProperty($"T{index}", PropertyAttributes.None, typeof(Target), Type.EmptyTypes);
        property.SetGetMethod(getter);
        return getter;
    }
}
