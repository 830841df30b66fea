#!/bin/sh
# setup.sh run|test|shaders|compare|onnx installs what a make target needs besides Go, gcc and git, where it is missing.
# It does not fail: what it cannot install it names, and the program or its tests then say what they miss.
set -u
PATH=$PATH:/usr/sbin:/sbin # ldconfig

# in_vulkan PATTERN: some folder where the Vulkan loader looks has such a file.
in_vulkan() {
    for dir in /usr/share/vulkan /etc/vulkan /usr/local/share/vulkan /usr/local/etc/vulkan \
        "${XDG_DATA_HOME:-${HOME:-}/.local/share}/vulkan"; do
        for file in "$dir"/$1; do
            [ -e "$file" ] && return
        done
    done
    return 1
}

missing=
need() { missing="$missing $1"; }

case $1 in
run | test | compare | onnx)
    ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1 ' || need libvulkan1
    [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] || in_vulkan 'icd.d/*.json' || need mesa-vulkan-drivers
    ;;
esac
if [ "$1" = test ]; then
    in_vulkan 'explicit_layer.d/VkLayer_khronos_validation.json' || need vulkan-validationlayers
    [ -e /usr/include/vulkan/vulkan.h ] || need libvulkan-dev # TestABI compares with it
fi
if [ "$1" = compare ]; then
    "${PYTHON:-/usr/bin/python3}" -c 'import torch' 2>/dev/null || need python3-torch
    ls /usr/lib/*/openblas-pthread/libblas.so.3 >/dev/null 2>&1 || need libopenblas0-pthread # else matrix products are slow
fi
if [ "$1" = onnx ]; then
    "${PYTHON:-/usr/bin/python3}" -c 'import onnx' 2>/dev/null || need python3-onnx
    command -v node >/dev/null || need nodejs
    command -v npm >/dev/null || need npm
fi
if [ "$1" = test ] || [ "$1" = shaders ]; then
    command -v glslc >/dev/null || need glslc
fi
[ -n "$missing" ] || exit 0

give_up() {
    echo "setup: $1; please install, by Debian's names:$missing" >&2
    exit 0
}
command -v apt-get >/dev/null || give_up "there is no apt-get here"
root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || give_up "apt-get needs root, and there is no sudo"
    root=sudo
fi
apt() { $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null; }

echo "setup: installing$missing"
apt update || echo "setup: apt-get update failed, trying with the lists that are here" >&2
for package in $missing; do # one by one: an older system may not have them all
    apt install -y --no-install-recommends "$package" || echo "setup: could not install $package" >&2
done
exit 0
