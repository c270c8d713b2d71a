export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

// Each asks `ferry __complete -- WORDS...`, which answers in cobra's form: a candidate and its description a line,
// separated by a tab, then `:0` if file names fit as well, else `:4`.
const scripts: Record<Shell, string> = {
  bash: `# bash completion for ferry; load it with: source <(ferry completion bash)
_ferry() {
  local value rest
  COMPREPLY=()
  while IFS=$'\\t' read -r value rest; do
    case "$value" in
      :0) compopt -o default ;;
      :*) ;;
      *) COMPREPLY+=("$value") ;;
    esac
  done < <(ferry __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -F _ferry ferry
`,
  zsh: `#compdef ferry
# zsh completion for ferry; load it with: source <(ferry completion zsh)
_ferry() {
  local value description directive=4
  local -a candidates
  while IFS=$'\\t' read -r value description; do
    if [[ $value == :* ]]; then directive=\${value#:}; continue; fi
    candidates+=("\${value//:/\\\\:}\${description:+:$description}")
  done < <(ferry __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( directive == 0 )); then _files; return; fi
  _describe -t values ferry candidates
}
compdef _ferry ferry
`,
  fish: `# fish completion for ferry; load it with: ferry completion fish | source
function __ferry_complete
  ferry __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null | string match -v -r '^:'
end
complete -c ferry -f -a '(__ferry_complete)'
complete -c ferry -l kubeconfig -l snapshot -F -r
`,
  powershell: `# PowerShell completion for ferry; load it with: ferry completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ferry -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($wordToComplete -eq '') { $words += '' }
  ferry __complete '--' @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    $value, $description = $_ -split "\`t", 2
    if (-not $description) { $description = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
  }
}
`,
};

/** The completion script of a shell, to be sourced by it. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}
