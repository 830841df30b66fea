#!/bin/sh
# Compiles every .comp of this folder into DIR (default: spirv beside it), with glslc.
# A shader that includes lanes.glsl is compiled twice: NAME.spv for vec4s, NAME_any.spv for single floats; so is one that
# includes fetch.glsl: NAME.spv with storage buffers, NAME_texel.spv with texel buffers; and NAME_subgroup_SIZE: NAME_shuffle_SIZE.spv and
# NAME_broadcast_SIZE.spv.
set -eu
cd "$(dirname "$0")"
dir=${1:-spirv}
mkdir -p "$dir"
for f in *.comp; do
    name=${f%.comp}
    case $name in *_subgroup_*)
        glslc --target-env=vulkan1.1 -O "$f" -o "$dir/${name%_subgroup_*}_shuffle_${name#*_subgroup_}.spv"
        glslc --target-env=vulkan1.1 -O -DBROADCAST "$f" -o "$dir/${name%_subgroup_*}_broadcast_${name#*_subgroup_}.spv"
        continue
        ;;
    esac
    glslc --target-env=vulkan1.1 -O "$f" -o "$dir/$name.spv"
    if grep -q '#include "lanes.glsl"' "$f"; then
        glslc --target-env=vulkan1.1 -O -DSCALAR "$f" -o "$dir/${name}_any.spv"
    fi
    if grep -q '#include "fetch.glsl"' "$f"; then
        glslc --target-env=vulkan1.1 -O -DTEXEL "$f" -o "$dir/${name}_texel.spv"
    fi
done
glslc --version > "$dir/GLSLC_VERSION"
