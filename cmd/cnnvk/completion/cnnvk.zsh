#compdef cnnvk
# Completion of cnnvk's commands and flags in zsh: eval "$(cnnvk completion zsh)" in ~/.zshrc, after compinit
_cnnvk() {
    local -a candidates
    candidates=(${(f)"$(${words[1,CURRENT-1]} --generate-bash-completion 2>/dev/null)"})
    if (( $#candidates )); then
        compadd -a candidates
    else
        _files
    fi
}
compdef _cnnvk cnnvk
