using System.Text.RegularExpressions;

namespace Preheat.Engine.Tests.Support;

/// <summary>What a person sees, letter for letter: <c>Goldens/*.txt</c>, with times and stack frames replaced.</summary>
internal static partial class Golden
{
    public static void Match(BuildRun run, string name)
    {
        var actual = WithoutTimes(run.Output);
        var expected = Path.Combine(AppContext.BaseDirectory, "Goldens", name + ".txt") is var file && File.Exists(file) ? File.ReadAllText(file) : string.Empty;
        if (actual != expected)
        {
            // Beside the test's assembly, to be looked at and copied into Goldens/ when it is what is wanted.
            File.WriteAllText(Path.Combine(AppContext.BaseDirectory, name + ".actual.txt"), actual);
            var line = actual.Split('\n').Zip(expected.Split('\n')).TakeWhile(pair => pair.First == pair.Second).Count();
            Assert.Fail($"{name}, line {line + 1}:\nis        {actual.Split('\n').ElementAtOrDefault(line)}\nshould be {expected.Split('\n').ElementAtOrDefault(line)}");
        }
    }

    public static string WithoutTimes(string text) => Frame().Replace(Time().Replace(Date().Replace(text, "DATE TIME"), "TIME"), "   at …");

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", RegexOptions.None, 1000)]
    private static partial Regex Date();

    [GeneratedRegex(@"\d\d:\d\d:\d\d", RegexOptions.None, 1000)]
    private static partial Regex Time();

    [GeneratedRegex(@"   at [^\n%]+", RegexOptions.None, 1000)]
    private static partial Regex Frame();
}
