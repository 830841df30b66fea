#!/bin/sh
# shaders.sh compiles the shaders into shaders/spirv; a shader that does not compile leaves it as it was.
# shaders.sh check compares instead, where glslc is the one that made shaders/spirv.
set -eu
cd "$(dirname "$0")/../shaders"

if ! have=$(glslc --version 2>/dev/null); then
    echo "shaders: there is no glslc (Debian: glslc)"
    [ "${1:-}" = check ] # then that is no failure
    exit
fi
if [ "${1:-}" = check ] && [ "$have" != "$(cat spirv/GLSLC_VERSION)" ]; then
    echo "shaders: not compared, since spirv was made by another glslc:" $(cat spirv/GLSLC_VERSION)
    exit
fi
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
./compile.sh "$new"
if [ "${1:-}" = check ]; then
    diff -rq "$new" spirv || {
        echo "shaders: shaders/spirv is not what glslc makes of the shaders: make shaders" >&2
        exit 1
    }
    echo "shaders: shaders/spirv is what glslc makes of the shaders"
else
    rm -f spirv/*.spv
    cp "$new"/* spirv
fi
