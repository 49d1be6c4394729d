"""``txsalt-cli completion bash|zsh|fish``: print the script that makes the shell complete."""

import argparse

from txsalt.cli.options import Parser, parser
from txsalt.jobs import exit_codes

# Each asks the same program for words; what it prints is "word" or "word<TAB>what it is". Anybody
# may ask to be let in under an id such as "$(reboot)": no word may be expanded, neither
# here nor on the line it is written to. ("compgen -W" expands.) Commas stay as they were typed:
# one with a backslash would come back as another word.
_BASH = """\
_txsalt_cli() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        printf -v word %q "$word"
        word=${word//\\\\,/,}
        COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]}" __complete --plain -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _txsalt_cli txsalt-cli
"""
_ZSH = """\
#compdef txsalt-cli
_txsalt_cli() {
    local -a found
    local line
    for line in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] && found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    if (( ${#found} )); then _describe txsalt-cli found; else _files; fi
}
if [[ $funcstack[1] == _txsalt_cli ]]; then
    _txsalt_cli "$@"
else
    compdef _txsalt_cli txsalt-cli
fi
"""
_FISH = """\
function __txsalt_cli
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c txsalt-cli -f -a '(__txsalt_cli)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
_EPILOG = """\
  bash:  txsalt-cli completion bash > /etc/bash_completion.d/txsalt-cli
         (read where the package bash-completion is installed;
         or, for this shell: source <(txsalt-cli completion bash))
  zsh:   txsalt-cli completion zsh > "${fpath[1]}/_txsalt-cli"
  fish:  mkdir -p ~/.config/fish/completions
         txsalt-cli completion fish > ~/.config/fish/completions/txsalt-cli.fish

A new shell completes then. Write the file anew when txsalt was upgraded.
"""


def main(argv: list[str]) -> int:
    """Print the script."""
    print(SCRIPTS[make_parser().parse_intermixed_args(argv).shell], end="")
    return exit_codes.OK


def make_parser() -> Parser:
    """Return the parser."""
    made = parser("txsalt-cli completion", "Print the completion script of a shell.", _EPILOG)
    made.add_argument("command", choices=["completion"], help=argparse.SUPPRESS)
    made.add_argument("shell", choices=list(SCRIPTS), help="which shell")
    return made
