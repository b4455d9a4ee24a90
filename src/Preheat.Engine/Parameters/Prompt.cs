using Nuke.Common.Sessions;

namespace Nuke.Common.Parameters;

/// <summary>Asks for a value that is required and that no source gave. Only at a terminal: a pipe or a CI service cannot answer.</summary>
internal static class Prompt
{
    private const int MostTries = 3;

    /// <returns>Whether the parameter has a value now.</returns>
    public static bool Ask(ParameterDefinition parameter, NukeBuild build, BuildSession session)
    {
        var context = session.Context;
        if (context.ReadLine is not { } read || context.TerminalWidth is null || session.Host.IsServer || session.Parameters is not { } parameters)
        {
            return false;
        }

        for (var i = 0; i < MostTries; i++)
        {
            var allowed = parameter.AllowedValues(build) is { Count: > 0 } values ? $" ({string.Join(", ", values)})" : "";
            context.Out.Write($"{(parameter.Description ?? parameter.Name).TrimEnd('.')}{allowed}: ");
            context.Out.Flush();
            if (read(parameter.IsSecret) is not { } answer)
            {
                return false;
            }

            if (answer.Length == 0)
            {
                continue;
            }

            if (parameter.IsSecret)
            {
                session.Mask.Add([answer]);
            }

            if (parameters.Set(parameter, answer, build) is not { } problem)
            {
                parameters.Inject(build);
                return true;
            }

            session.Console.WriteError($"{problem}.");
        }

        return false;
    }

    /// <summary>One line from the terminal, without echo if it is a secret.</summary>
    public static string? ReadLine(bool isSecret)
    {
        if (!isSecret)
        {
            return Console.ReadLine();
        }

        var text = new System.Text.StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                text.Length = Math.Max(0, text.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                text.Append(key.KeyChar);
            }
        }

        Console.WriteLine();
        return text.ToString();
    }
}
