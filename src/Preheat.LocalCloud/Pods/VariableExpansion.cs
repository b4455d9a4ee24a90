using System.Text;

namespace Preheat.LocalCloud.Pods;

/// <summary>
/// <c>$(VAR)</c> in commands, arguments and env values: replaced when the variable is known, left as it stands otherwise; <c>$$</c> stands
/// for one <c>$</c> (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
/// </summary>
internal static class VariableExpansion
{
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables)
    {
        var result = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var next = at + 1 < text.Length ? text[at + 1] : '\0';
            if (text[at] == '$' && next == '$')
            {
                result.Append('$');
                at++;
            }
            else if (text[at] == '$' && next == '(' && text.IndexOf(')', at) is >= 0 and var close)
            {
                var name = text[(at + 2)..close];
                result.Append(variables.TryGetValue(name, out var value) ? value : text[at..(close + 1)]);
                at = close;
            }
            else
            {
                result.Append(text[at]);
            }
        }

        return result.ToString();
    }
}
