#!/bin/sh
# Compiles every .comp of this folder into DIR (default: spirv beside it), with glslc.
# A shader's head names the kernels that are made of it, each with what is defined for it:
#   // kernel NAME: DEFINE ANOTHER=VALUE
# They become NAME.spv. A shader without such a line is one kernel, of the file's name. Kernels that read or write activations
# (fetch.glsl), or round for them, are compiled a second time, with HALF, as NAME_half. SOURCES lists every kernel: name, shader, defines.
#
# Shaders of cooperative matrices need a newer glslc, by which Debian bookworm's would be replaced, and all that it made, too. So they have one of
# their own: the command GLSLC_COOPERATIVE, Debian forky's 2026.4 (sh .ci/driver.sh glslc). Without it their kernels in spirv are taken as they
# are, as long as they were made of the same text: DIGESTS has its digests.
export LC_ALL=C
set -eu
cd "$(dirname "$0")"
dir=${1:-spirv}
mkdir -p "$dir"
made=$(cat spirv/DIGESTS 2>/dev/null || true) # of kernels that may be taken as they are
: >"$dir/SOURCES"
: >"$dir/DIGESTS"

# texts FILE... are the shaders and what they include.
texts() {
    for f; do
        echo "$f"
        texts $(sed -n 's|^#include "\(.*\)"|\1|p' "$f")
    done
}

# compile SHADER NAME DEFINES...
compile() {
    shader=$1 name=$2 flags=
    shift 2
    for d; do flags="$flags -D$d"; done
    echo "$name $shader${*:+ $*}" >>"$dir/SOURCES"
    all=$(texts "$shader" | sort -u)
    if ! grep -q GL_KHR_cooperative_matrix $all; then
        glslc --target-env=vulkan1.1 -O $flags "$shader" -o "$dir/$name.spv"
        return
    fi
    digest="$name $( (echo "$*" && cat $all) | sha256sum | cut -d' ' -f1)"
    if [ -n "${GLSLC_COOPERATIVE:-}" ]; then
        $GLSLC_COOPERATIVE --target-env=vulkan1.1 -O $flags "$shader" -o "$dir/$name.spv"
    elif ! echo "$made" | grep -qx "$digest"; then
        echo "compile.sh: $name was made of other text than $shader is now, and there is no glslc for it (GLSLC_COOPERATIVE)" >&2
        exit 1
    elif [ "$dir" != spirv ]; then
        cp "spirv/$name.spv" "$dir"
    fi
    echo "$digest" >>"$dir/DIGESTS"
}

for f in *.comp; do
    kernels=$(sed -n 's|^// kernel ||p' "$f")
    echo "${kernels:-${f%.comp}}" | while read -r name defines; do
        name=${name%:}
        compile "$f" "$name" $defines
        case " $defines " in *" HALF "* | *" MATRICES "*) continue ;; esac # that already; float32 scratch
        if grep -q 'ACTIVATION\|RESULTS\|RESULT_FLOATS\|WEIGHT(\|ifdef HALF' "$f"; then compile "$f" "${name}_half" $defines HALF; fi
    done
done
twice=$(cut -d' ' -f1 "$dir/SOURCES" | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "compile.sh: kernels of more than one shader:" $twice >&2
    exit 1
fi
glslc --version > "$dir/GLSLC_VERSION"
if [ -n "${GLSLC_COOPERATIVE:-}" ]; then
    $GLSLC_COOPERATIVE --version > "$dir/GLSLC_VERSION_COOPERATIVE"
elif [ "$dir" != spirv ]; then
    cp spirv/GLSLC_VERSION_COOPERATIVE "$dir"
fi
