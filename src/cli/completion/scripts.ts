/**
 * What each shell evaluates. All three ask `hostler complete -- WORDS` and are short enough to be read before they are
 * trusted: no word that was typed is ever evaluated, and where a path is wanted the shell's own completion takes over.
 *
 * Written by hand because the scripts of @bomb.sh/tab 0.0.22 evaluate the typed words, need the bash-completion package,
 * cannot be sourced twice, and never complete a path.
 */
export const completionShells = ["bash", "zsh", "fish"] as const;
export type CompletionShell = (typeof completionShells)[number];

/** Answers that are not words: the shell completes paths itself. */
export const pathAnswers = { file: ":files", folder: ":folders" } as const;

const bash = `# hostler completion for bash: eval "$(hostler completion bash)"
_hostler() {
  local value
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    case $value in
      :files) compopt -o default 2>/dev/null ;;
      :folders) compopt -o dirnames 2>/dev/null ;;
      *) COMPREPLY+=("$value") ;;
    esac
  done < <(hostler complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _hostler hostler
`;

const zsh = `#compdef hostler
# hostler completion for zsh: eval "$(hostler completion zsh)", or a file _hostler on $fpath
_hostler() {
  local line value note
  local -a found
  while IFS= read -r line; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      *)
        value=\${line%%$'\\t'*} note=\${line#*$'\\t'}
        found+=("\${value//:/\\\\:}\${note:+:$note}")
        ;;
    esac
  done < <(hostler complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe hostler found
}
if [ "$funcstack[1]" = _hostler ]; then _hostler "$@"; else compdef _hostler hostler; fi
`;

const fish = `# hostler completion for fish: hostler completion fish | source
function __hostler_complete
    for line in (hostler complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':folders'
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c hostler -f -a '(__hostler_complete)'
`;

export const completionScripts: Readonly<Record<CompletionShell, string>> = { bash, zsh, fish };
