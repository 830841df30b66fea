#!/bin/sh
# Installs what is missing of: vulkan (the loader, and Mesa's software driver if there is no other), validation (the
# validation layer), glslc (the shader compiler). Does nothing, and needs no network, where all of it is there.
set -eu

missing=""
for part in "$@"; do
    case $part in
    vulkan)
        ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' || missing="$missing libvulkan1"
        [ -n "${VK_ICD_FILENAMES:-}${VK_DRIVER_FILES:-}" ] ||
            ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json >/dev/null 2>&1 ||
            missing="$missing mesa-vulkan-drivers"
        ;;
    validation)
        ls /usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json >/dev/null 2>&1 ||
            missing="$missing vulkan-validationlayers"
        ;;
    glslc)
        command -v glslc >/dev/null || missing="$missing glslc"
        ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "this machine has no apt-get: install what Debian calls$missing by hand" >&2
    exit 1
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
$sudo apt-get install -y -qq --no-install-recommends $missing
