# Completion of cnnvk's commands and flags in bash: eval "$(cnnvk completion bash)" in ~/.bashrc
_cnnvk() {
    local words
    words=$("${COMP_WORDS[@]:0:COMP_CWORD}" --generate-bash-completion 2>/dev/null)
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _cnnvk cnnvk
