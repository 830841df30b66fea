#!/bin/sh
# driver.sh NAME COMMAND... runs a command on one Vulkan driver; driver.sh NAME only fetches it. Computed by the CPU:
#
#   lavapipe22, lavapipe25, lavapipe26    Mesa, as Debian bookworm, bookworm-backports and forky have it; lavapipe is lavapipe25
#   swiftshader                           Chromium's
#   glslc                                 no driver, but a compiler of shaders newer than most systems': driver.sh glslc ARGUMENTS... runs it
#
# Compiled, recorded and submitted for GPUs that are not here, and never computed (CNNVK_COMPILE_ONLY=1 lets such a device pass):
#
#   radv-GPU          AMD: vega10, navi21, navi31, gfx1201 and what else RADV calls its families
#   honeykrisp        Apple M1
#   turnip-GPU        Adreno: 630, 660
#   nvk-CHIPSET       NVIDIA, hexadecimal: 174 is GA104
#   anv-PLATFORM      Intel: skl, tgl, adl, dg2, mtl, lnl, bmg and others; before skl (ivb, hsw, bdw) by the driver hasvk. CNNVK_INTEL_SHIM is
#                     Mesa's libintel_noop_drm_shim.so, which Debian does not pack
#
# Debian's packages are unpacked into the cache folder, or CNNVK_DRIVERS, once (remove the folder to fetch anew). Nothing is installed, and apt has
# sources, lists and a status of its own. Status 3: this system cannot have the driver, and the message says for want of what.
#
# A driver that needs a newer C library than this system's is started by that library's own loader. Then the command has to be a
# program itself, not a shell, go or env that starts one (go test -exec 'sh .ci/driver.sh NAME' is one).
set -eu
drivers=${CNNVK_DRIVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/cnnvk/drivers}

give_up() {
    echo "driver: $1" >&2
    exit "${2:-1}"
}

# private ARG... is apt-get that knows of the system only how to reach the mirrors.
private() {
    apt-get -qq -c "$part/apt/apt.conf" "$@"
}

# fetch RELEASE unpacks its drivers, or fetch glslc that compiler, and every library under them, whole or not at all.
fetch() {
    for tool in apt-get dpkg dpkg-deb; do
        command -v $tool >/dev/null || give_up "there is no $tool here to fetch $name with (it needs Debian or a relative of it)" 3
    done
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e $keys ] || give_up "there is no $keys to check $name with (package debian-archive-keyring)" 3
    mkdir -p "$drivers"
    part=$(mktemp -d "$drivers/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir -p "$part/apt/lists/partial" "$part/apt/cache/archives/partial" "$part/root" "$part/libc"
    cat >"$part/apt/status" <<EOF
Package: python3
Status: install ok installed
Architecture: $(dpkg --print-architecture)
Multi-Arch: allowed
Version: 3.99
Maintainer: nobody
Description: a layer's script wants it, no driver does

EOF
    with_layers='mesa-vulkan-drivers vulkan-validationlayers'
    case $1 in
    bookworm) suites='debian/bookworm debian-security/bookworm-security' from=bookworm wanted=$with_layers ;;
    bookworm-backports) suites='debian/bookworm debian/bookworm-backports debian-security/bookworm-security' from=bookworm-backports wanted=$with_layers ;;
    forky) suites=debian/forky from=forky wanted="$with_layers mesa-drm-shim" ;;
    glslc) suites=debian/forky from=forky wanted=glslc ;;
    esac
    for suite in $suites; do
        echo "deb [signed-by=$keys] http://deb.debian.org/${suite%/*} ${suite#*/} main"
    done >"$part/apt/sources.list"
    cat >"$part/apt/apt.conf" <<EOF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Default-Release "$from";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Etc::sourcelist "$part/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::status "$part/apt/status";
Dir::State::lists "$part/apt/lists";
Dir::Cache "$part/apt/cache";
EOF
    private update || give_up "apt-get update failed for $from"
    planned=$(private -s install $wanted) || give_up "apt-get does not find $wanted in $from"
    packages=$(echo "$planned" | sed -n 's/^Inst \(\(z*lib\|mesa-\|vulkan-\|glslc\)[^ ]*\).*/\1/p' | sort -u)
    [ "$1" != bookworm ] || packages="$packages chromium-common"
    echo "driver: fetching from Debian $from:" $packages >&2
    (cd "$part" && private download $packages) || give_up "apt-get download failed for $from"
    for package in "$part"/*.deb; do
        into=$part/root files=.
        case ${package##*/} in
        libc6_* | libgcc-s1_* | libstdc++6_*) into=$part/root/libc ;; # they go with the loader
        chromium-common_*) files='./usr/lib/chromium/libvk_swiftshader.so ./usr/lib/chromium/vk_swiftshader_icd.json' ;;
        esac
        mkdir -p "$into"
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$into" $files
    done
    # A driver or layer that is named without its folder could be the one that is installed.
    for json in "$part"/root/usr/share/vulkan/*.d/*.json; do
        [ -e "$json" ] || continue # glslc has none
        library=$(sed -n 's|.*"library_path": *"\(.*/\)*\(.*\)".*|\2|p' "$json")
        library=$(cd "$part/root" && find usr/lib -name "$library")
        sed -i "s|\(\"library_path\": *\).*\"|\1\"../../../../$library\"|" "$json"
    done
    [ -e "$drivers/$1" ] || mv "$part/root" "$drivers/$1" # another make may have been faster
    rm -rf "$part"
}

name=${1:-}
gpu=${name#*-} shim= choice=
case $name in
lavapipe22) release=bookworm icd=lvp_icd ;;
lavapipe25 | lavapipe) release=bookworm-backports icd=lvp_icd ;;
lavapipe26) release=forky icd=lvp_icd ;;
swiftshader) release=bookworm icd=vk_swiftshader_icd ;;
glslc) release=glslc icd= ;;
radv-?*) release=forky icd=radeon_icd shim=amdgpu choice=AMDGPU_GPU_ID=$gpu ;;
honeykrisp) release=forky icd=asahi_icd shim=asahi ;;
turnip-?*) release=forky icd=freedreno_icd shim=freedreno choice=FD_GPU_ID=$gpu ;;
nvk-?*) release=forky icd=nouveau_icd shim=nouveau choice=NOUVEAU_CHIPSET=$gpu ;;
anv-ivb | anv-byt | anv-hsw | anv-bdw | anv-chv) release=bookworm-backports icd=intel_hasvk_icd shim=intel choice=INTEL_STUB_GPU_PLATFORM=$gpu ;;
anv-?*) release=bookworm-backports icd=intel_icd shim=intel choice=INTEL_STUB_GPU_PLATFORM=$gpu ;;
*) give_up "\"$name\" is none of lavapipe22, lavapipe25, lavapipe26, swiftshader, glslc, radv-GPU, honeykrisp, turnip-GPU, nvk-CHIPSET, anv-PLATFORM" ;;
esac
shift
root=$drivers/$release
case $shim in
'') ;;
intel)
    shim=${CNNVK_INTEL_SHIM:-}
    [ -n "$shim" ] || give_up "$name needs CNNVK_INTEL_SHIM=.../libintel_noop_drm_shim.so (Mesa's, built with -Dtools=drm-shim; Debian has no package of it)" 3
    [ -f "$shim" ] || give_up "CNNVK_INTEL_SHIM: there is no file $shim"
    ;;
*) shim=$root/usr/lib/*/lib${shim}_noop_drm_shim.so ;;
esac
[ -e "$root" ] || fetch "$release"
[ $# -gt 0 ] || exit 0

if [ $name = glslc ]; then
    set -- "$root/usr/bin/glslc" "$@"
else
    unset CNNVK_DEVICE # the driver has but one
    icd=$(find "$root/usr" -name "$icd*.json")
    export VK_DRIVER_FILES="$icd" VK_ICD_FILENAMES="$icd" VK_LAYER_PATH="$root/usr/share/vulkan/explicit_layer.d"
fi
[ -z "$choice" ] || export "$choice"
case $name in
turnip-*) export GODEBUG="asyncpreemptoff=1${GODEBUG:+,$GODEBUG}" ;; # its shim does not bear the signals by which Go interrupts
esac
shim=$(echo $shim)

# folders DIR are those of its libraries, between colons.
folders() { find "$1/lib" "$1/usr/lib" -maxdepth 1 -name '*-linux-*' 2>/dev/null | paste -sd:; }

loader=$(find "$root/libc" -name 'ld-linux*' -type f)
needed=$("$loader" --version | sed -n '1s/.* \([0-9.]*[0-9]\)\.*$/\1/p')
present=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/.* //')
if [ "$(printf '%s\n' "${present:-0}" "$needed" | sort -V | head -1)" = "$needed" ]; then
    export LD_LIBRARY_PATH="$(folders "$root")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    [ -z "$shim" ] || export LD_PRELOAD="$shim${LD_PRELOAD:+:$LD_PRELOAD}"
    exec "$@"
fi
program=$(command -v "$1") && "$loader" --verify "$program" 2>/dev/null ||
    give_up "$1 is not a program that the loader of glibc $needed can start, which $name needs"
shift
exec "$loader" --library-path "$(folders "$root/libc"):$(folders "$root")" ${shim:+--preload "$shim"} "$program" "$@"
