#!/bin/sh
# Compiles the shaders into a temporary folder and compares, where glslc is of the version that made the committed ones: another
# compiler may well write other code.
set -eu
cd "$(dirname "$0")/../shaders"
if ! command -v glslc >/dev/null || [ "$(glslc --version)" != "$(cat spirv/GLSLC_VERSION)" ]; then
    echo "the compiled shaders are not checked: the glslc that made them ($(head -n 1 spirv/GLSLC_VERSION)) is not installed"
    exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
./compile.sh "$dir"
diff -r spirv "$dir" || { echo "the compiled shaders are not those of the source: run make shaders"; exit 1; }
