#!/bin/sh
# driver.sh NAME COMMAND... runs a command on one Vulkan driver:
#
#   lavapipe      Mesa's driver for CPUs, as bookworm-backports has it
#   radv          Mesa's driver for AMD, likewise; with RADV_FORCE_FAMILY it compiles for hardware that is not here
#   swiftshader   Chromium's driver for CPUs
#
# Debian's packages are unpacked into the cache folder, once (remove the folder to fetch anew). Nothing is installed, and apt has
# sources and lists of its own.
set -eu
drivers=${XDG_CACHE_HOME:-$HOME/.cache}/cnnvk/drivers

give_up() {
    echo "driver: $1" >&2
    exit 1
}

# private TOOL ARG... is apt-get or apt-cache that knows of the system only what is installed.
private() {
    tool=$1
    shift
    "$tool" -qq -c "$part/apt/apt.conf" "$@"
}

# lacking PACKAGE names the libraries under it that are not installed.
lacking() {
    private apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
        grep '^lib[^:]*$' | while read -r library; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$library" 2>/dev/null)" = installed ] || echo "$library"
    done
}

# fetch DIR unpacks a driver there, whole or not at all.
fetch() {
    for tool in apt-get apt-cache dpkg-query dpkg-deb; do
        command -v $tool >/dev/null || give_up "there is no $tool here to fetch $name with"
    done
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e $keys ] || give_up "there is no $keys to check $name with (Debian: debian-archive-keyring)"
    mkdir -p "$drivers"
    part=$(mktemp -d "$drivers/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    mkdir -p "$part/apt/lists/partial" "$part/apt/cache/archives/partial" "$part/root"
    for suite in "debian bookworm" "debian bookworm-backports" "debian-security bookworm-security"; do
        echo "deb [signed-by=$keys] http://deb.debian.org/$suite main"
    done >"$part/apt/sources.list"
    cat >"$part/apt/apt.conf" <<EOF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Default-Release "bookworm-backports";
APT::Update::Error-Mode "any";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Etc::sourcelist "$part/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$part/apt/lists";
Dir::Cache "$part/apt/cache";
EOF
    private apt-get update || give_up "apt-get update failed"
    case $1 in
    */mesa) # libdrm as new as Mesa, whatever is installed
        packages=$({ echo mesa-vulkan-drivers libdrm2 libdrm-amdgpu1 | tr ' ' '\n'; lacking mesa-vulkan-drivers; } | sort -u)
        files=.
        ;;
    */swiftshader)
        packages=chromium-common
        files='./usr/lib/chromium/libvk_swiftshader.so ./usr/lib/chromium/vk_swiftshader_icd.json'
        ;;
    esac
    echo "driver: fetching" $packages >&2
    (cd "$part" && private apt-get download $packages) || give_up "apt-get download failed"
    for package in "$part"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$part/root" $files
    done
    [ -e "$1" ] || mv "$part/root" "$1" # another make may have been faster
    rm -rf "$part"
}

name=${1:-}
case $name in
lavapipe) dir=$drivers/mesa libraries='usr/lib/*-linux-gnu*' icd='usr/share/vulkan/icd.d/lvp_icd*.json' ;;
radv) dir=$drivers/mesa libraries='usr/lib/*-linux-gnu*' icd='usr/share/vulkan/icd.d/radeon_icd*.json' ;;
swiftshader) dir=$drivers/swiftshader libraries=usr/lib/chromium icd=usr/lib/chromium/vk_swiftshader_icd.json ;;
*) give_up "\"$name\" is not lavapipe, radv or swiftshader" ;;
esac
shift
[ -e "$dir" ] || fetch "$dir"
[ $# -gt 0 ] || exit 0

icd=$(echo "$dir"/$icd) libraries=$(echo "$dir"/$libraries)
unset CNNVK_DEVICE # the driver has but one
VK_DRIVER_FILES=$icd VK_ICD_FILENAMES=$icd LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$@"
