# Completion of cnnvk's commands and flags in fish: cnnvk completion fish > ~/.config/fish/completions/cnnvk.fish
function __cnnvk_candidates
    set -l typed (commandline -opc)
    $typed --generate-bash-completion 2>/dev/null
end
complete -c cnnvk -a '(__cnnvk_candidates)'
