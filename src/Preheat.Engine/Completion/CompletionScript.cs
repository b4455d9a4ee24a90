using System.Text;

namespace Nuke.Common.Completion;

/// <summary>
/// What <c>--completion</c> prints: a script for a shell that completes targets, options and allowed values. It holds all words, so that a
/// key stroke starts no program; print it anew when the build has changed.
/// </summary>
internal static class CompletionScript
{
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    /// <param name="shell">One of <see cref="Shells"/>.</param>
    public static string Create(string shell, CompletionWords words) => shell switch
    {
        "bash" => Bash(words),
        "zsh" => Zsh(words),
        "fish" => Fish(words),
        "pwsh" => PowerShell(words),
        _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, message: null),
    };

    /// <summary>Bash 3.2 and newer. Bash takes <c>--option=value</c> apart at the equals sign, which is then a word of its own.</summary>
    private static string Bash(CompletionWords words) => $$"""
        # Completion for bash: source <(./build.sh --completion bash)
        _preheat_build() {
          local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words='' word nocase
          if [ "$current" = = ]; then
            current=''
          elif [ "$previous" = = ]; then
            previous=${COMP_WORDS[COMP_CWORD - 2]}
          fi
          COMPREPLY=()
          case $previous in
        {{Cases(words, choices => $"words={Quote(string.Join(' ', choices))}", "compopt -o filenames 2>/dev/null || true; COMPREPLY=($(compgen -f -- \"$current\")) || true; return", "return")}}
          esac
          if [ -z "$words" ]; then
            case $current in
              -*) words={{Quote(Join(words.Options))}} ;;
              *) words={{Quote(Join(words.Targets))}} ;;
            esac
          fi
          nocase=$(shopt -p nocasematch) || true
          shopt -s nocasematch
          for word in $words; do
            if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
          done
          $nocase
        }
        complete -F _preheat_build build.sh ./build.sh
        """;

    private static string Zsh(CompletionWords words) => $$"""
        #compdef build.sh
        # Completion for zsh: source <(./build.sh --completion zsh)
        _preheat_build() {
          local -a targets options
          targets=({{string.Join(' ', words.Targets.Select(word => Quote($"{word.Text}:{word.Description}")))}})
          options=({{string.Join(' ', words.Options.Select(word => Quote($"{word.Text}:{word.Description}")))}})
          case ${words[CURRENT-1]} in
        {{Cases(words, choices => $"compadd -- {string.Join(' ', choices.Select(Quote))}; return", "_files; return", "return")}}
          esac
          if [[ ${words[CURRENT]} == -* ]]; then
            _describe -o option options
          else
            _describe target targets
          fi
        }
        if [[ ${funcstack[1]} == _preheat_build ]]; then
          _preheat_build "$@"
        elif (( ${+functions[compdef]} )); then
          compdef _preheat_build build.sh ./build.sh
        fi
        """;

    private static string Fish(CompletionWords words)
    {
        var text = new StringBuilder("# Completion for fish: ./build.sh --completion fish | source\ncomplete -c build.sh -f\n");
        foreach (var target in words.Targets)
        {
            text.Append($"complete -c build.sh -a {FishQuote(target.Text)} -d {FishQuote(target.Description)}\n");
        }

        foreach (var option in words.Options)
        {
            var value = option.IsSwitch ? "" : option.Choices.Count > 0 ? $" -x -a {FishQuote(string.Join(' ', option.Choices))}" : option.IsPath ? " -r -F" : " -x";
            text.Append($"complete -c build.sh -l {option.Text[2..]}{value} -d {FishQuote(option.Description)}\n");
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string PowerShell(CompletionWords words) => $$"""
        # Completion for PowerShell: ./build.ps1 --completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName build.ps1, build.cmd, build.sh -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $targets = {{PowerShellList(words.Targets.Select(word => word.Text))}}
            $options = {{PowerShellList(words.Options.Select(word => word.Text))}}
            $values = @{
        {{string.Join('\n', words.Options.Where(option => option.Choices.Count > 0).Select(option => $"        {PowerShellQuote(option.Text)} = {PowerShellList(option.Choices)}"))}}
            }
            $elements = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })
            $previous = if ($wordToComplete) { $elements[-2] } else { $elements[-1] }
            $candidates = if ($previous -and $values.ContainsKey($previous)) { $values[$previous] } elseif ($wordToComplete -like '-*') { $options } else { $targets }
            $candidates | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;

    /// <summary>The branches of a shell's <c>case</c> over the word before: options that share what they allow share a branch.</summary>
    private static string Cases(CompletionWords words, Func<IReadOnlyList<string>, string> choices, string path, string any) => string.Join('\n', words.Options
        .Where(option => !option.IsSwitch || option.Choices.Count > 0)
        .GroupBy(option => option.Choices.Count > 0 ? choices(option.Choices) : option.IsPath ? path : any, StringComparer.Ordinal)
        .Select(group => $"    {string.Join(" | ", group.Select(option => option.Text))}) {group.Key} ;;"));

    private static string Join(IEnumerable<CompletionWord> words) => string.Join(' ', words.Select(word => word.Text));

    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string FishQuote(string text) => $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";

    private static string PowerShellQuote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string PowerShellList(IEnumerable<string> texts) => $"@({string.Join(", ", texts.Select(PowerShellQuote))})";
}
