#!/bin/sh
# Compiles every .comp of this folder into DIR (default: spirv beside it), with glslc.
# A shader's head names the kernels that are made of it, each with what is defined for it:
#   // kernel NAME: DEFINE ANOTHER=VALUE
# They become NAME.spv. A shader without such a line is one kernel, of the file's name. Kernels that read or write activations
# (fetch.glsl), or round for them, are compiled a second time, with HALF, as NAME_half. SOURCES lists every kernel: name, shader, defines.
export LC_ALL=C
set -eu
cd "$(dirname "$0")"
dir=${1:-spirv}
mkdir -p "$dir"
: >"$dir/SOURCES"

# compile SHADER NAME DEFINES...
compile() {
    shader=$1 name=$2 flags=
    shift 2
    for d; do flags="$flags -D$d"; done
    glslc --target-env=vulkan1.1 -O $flags "$shader" -o "$dir/$name.spv"
    echo "$name $shader${*:+ $*}" >>"$dir/SOURCES"
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
