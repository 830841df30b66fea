#!/bin/sh
# shaders.sh compiles the shaders into shaders/spirv; a shader that does not compile leaves it as it was.
# shaders.sh check compares instead, where glslc is the one that made shaders/spirv.
#
# Those of cooperative matrices are compiled by a newer glslc, and compared where it is at hand: driver.sh fetches it, if need be and unless it is only to compare.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top/shaders"

if ! have=$(glslc --version 2>/dev/null); then
    echo "shaders: there is no glslc (Debian: glslc)"
    [ "${1:-}" = check ] # then that is no failure
    exit
fi
if [ "${1:-}" = check ] && [ "$have" != "$(cat spirv/GLSLC_VERSION)" ]; then
    echo "shaders: not compared, since spirv was made by another glslc:" $(cat spirv/GLSLC_VERSION)
    exit
fi
drivers=${CNNVK_DRIVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/cnnvk/drivers}
export GLSLC_COOPERATIVE="sh $top/.ci/driver.sh glslc"
if [ "${1:-}" = check ]; then
    if [ ! -e "$drivers/glslc" ]; then
        echo "shaders: those of cooperative matrices are compared by the digest of their text alone: their glslc is not here (sh .ci/driver.sh glslc)"
        GLSLC_COOPERATIVE=
    elif [ "$($GLSLC_COOPERATIVE --version)" != "$(cat spirv/GLSLC_VERSION_COOPERATIVE)" ]; then
        echo "shaders: those of cooperative matrices are compared by the digest of their text alone, since spirv was made by another glslc:" \
            $(cat spirv/GLSLC_VERSION_COOPERATIVE)
        GLSLC_COOPERATIVE=
    fi
elif ! $GLSLC_COOPERATIVE; then
    echo "shaders: those of cooperative matrices are left as they are"
    GLSLC_COOPERATIVE=
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
