#!/bin/sh
# drivers.sh tests on drivers that need no GPU (driver.sh fetches them), and compiles for GPUs that are not here.
# Prints Markdown tables; fails if a test does, or if a compiler ran out of registers. What was said in full stays in the cache folder.
set -u
cd "$(dirname "$0")/.."
logs=${XDG_CACHE_HOME:-$HOME/.cache}/cnnvk/drivers/logs
failed=0
for name in lavapipe swiftshader radv; do
    sh .ci/driver.sh $name || exit 1
done
mkdir -p "$logs"
export CNNVK_REQUIRE=vulkan

# tests DRIVER PACKAGE [ARG...] runs a package's tests and prints a row.
tests() {
    log=$logs/$1-$(basename "$2").log began=$(date +%s) result=
    driver=$1
    shift
    # A driver's compiler may run away on a shader; it must not take the machine with it.
    (ulimit -v 8000000 && exec sh .ci/driver.sh "$driver" go test -count=1 -v -timeout 60m "$@") >"$log" 2>&1 || result=' **FAILED**'
    count() { grep -c "^ *--- $1:" "$log"; }
    echo "| $label | ${1#./}$result | $(count PASS) | $(count FAIL) | $(count SKIP) | $(($(date +%s) - began)) |"
    [ -z "$result" ] && return
    failed=1
    grep -E '^ *--- FAIL|^panic|^SIG|bad_alloc|out of memory' "$log" | head -20 >&2
    echo "drivers: all of it is in $log" >&2
}

echo "| $(date +%F), driver | tests of | passed | failed | skipped | s |"
echo "| --- | --- | --- | --- | --- | --- |"
for name in lavapipe swiftshader; do
    label=$(sh .ci/driver.sh $name bin/cnnvk devices --json | sed -n 's/^ *"driver\(_version\)*": "\(.*\)",*$/\2/p' | paste -sd ' ')
    tests $name ./vk
    tests $name ./engine/gpu
    tests $name ./net/training -run '^TestGolden//^gpu$'
done

# compile TARGET FAMILY [VARIABLE...] compiles for that hardware what TestCompile does: every kernel that the steps of both networks and a
# halving convolution could run.
compile() {
    log=$logs/$1.log family=$2
    shift 2
    RADV_FORCE_FAMILY=$family RADV_DEBUG=shaderstats,nocache CNNVK_COMPILE_ONLY=1 \
        sh .ci/driver.sh radv env "$@" go test -count=1 -v -run '^TestCompile$' ./engine/gpu >"$log" 2>&1 && return
    failed=1
    tail -20 "$log" >&2
}

echo
compile vega10 vega10
compile navi21 navi21
compile navi21-subgroup32 navi21 CNNVK_SUBGROUP=32 # what NVIDIA and Intel have; RADV's own is 64
(cd "$logs" && awk -f "$OLDPWD/.ci/radv.awk" vega10.log navi21.log navi21-subgroup32.log) || failed=1
exit $failed
