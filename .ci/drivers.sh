#!/bin/sh
# drivers.sh [NAME...] tests on drivers that need no GPU, and compiles, records and submits for GPUs that are not here; driver.sh fetches
# them and says what their names are. NAME@N makes subgroups of N where the GPU has them (radv-navi21@32).
#
# Prints Markdown tables, the last one of what the compilers say of every kernel. Fails if a test fails, a driver crashes, or a kernel that
# runs untuned spills registers. A driver that cannot be had on this system has a row that says why. The logs stay in the cache folder.
set -u
cd "$(dirname "$0")/.."
top=$PWD
export CNNVK_DRIVERS="${CNNVK_DRIVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/cnnvk/drivers}"
logs=$CNNVK_DRIVERS/logs
failed=0 ran=0 compiled=
[ $# -gt 0 ] || set -- lavapipe22 lavapipe25 lavapipe26 swiftshader \
    radv-vega10 radv-navi21 radv-navi21@32 radv-navi31 radv-gfx1201 honeykrisp turnip-630 turnip-660 nvk-174 anv-skl anv-tgl anv-dg2 anv-bmg
mkdir -p "$logs"
part=$(mktemp -d)
trap 'rm -rf "$part"' EXIT
trap 'exit 1' HUP INT TERM
for package in vk engine/gpu net/training; do
    go test -c -o "$part/$(basename $package).test" ./$package || exit 1
done
export CNNVK_REQUIRE=vulkan
export MESA_SHADER_CACHE_DISABLE=true XDG_CACHE_HOME="$part/cache" # nothing that was compiled before

say() { echo "drivers: $*" >&2; }

# available NAME fetches the driver; where it cannot be had, a row says why.
available() {
    say "$1"
    driver=${1%@*}
    sh .ci/driver.sh "$driver" 2>"$logs/fetch.log"
    code=$?
    [ $code != 0 ] || return 0
    reason=$(tail -1 "$logs/fetch.log")
    if [ $code = 3 ]; then
        echo "| $1 | skipped: ${reason#driver: } | | | | |"
    else
        echo "| $1 | **FAILED**: ${reason#driver: } | | | | |"
        cat "$logs/fetch.log" >&2
        failed=1
    fi
    return 1
}

# the device, as the program calls it
device() {
    sh .ci/driver.sh "$driver" bin/cnnvk devices --json 2>/dev/null |
        sed -n 's/^ *"\(name\|driver\|driver_version\)": "\(.*\)",*$/\2/p' | sed 's/ *$//' | uniq | paste -s | sed 's/\t/, /g'
}

# run SECONDS FOLDER COMMAND... adds to $log what the command says on the driver, and to $result how it failed.
run() {
    limit=$1 folder=$2 start=$(date +%s)
    shift 2
    # A driver's compiler may run away on a shader; it must not take the machine with it.
    (cd "$folder" && ulimit -v 8000000 && exec timeout --foreground -k 10 "$limit" sh "$top/.ci/driver.sh" "$driver" "$@") >>"$log" 2>&1
    code=$?
    took=$((took + $(date +%s) - start))
    case $code in
    0) return ;;
    124) result=", **stopped after $limit s**" ;;
    *) result=", **FAILED** ($code)" ;;
    esac
}

# begin NAME WHAT starts a row and its log.
begin() {
    log=$logs/$1-$2.log what=$2 result= took=0
    : >"$log"
}

# end prints the row.
end() {
    count() { grep -c "^ *--- $1:" "$log"; }
    counts="$(count PASS) | $(count FAIL) | $(count SKIP)"
    [ $what != bench ] || counts='- | - | -'
    echo "| $label | $what$result | $counts | $took |"
    ran=1
    [ -z "$result" ] && return
    failed=1
    grep -E '^ *--- FAIL|^panic|^SIG|bad_alloc|out of memory|^cnnvk: ' "$log" | head -20 >&2
    say "all of it is in $log"
}

# execute NAME runs tests, the program's arithmetic among them: of the op cases two layouts, the rest of which make test has on the system's driver.
execute() {
    begin "$1" vk
    run 1200 vk "$part/vk.test" -test.v -test.timeout 20m -test.skip '^TestCycles$'
    # It would start itself anew, for this variable, and by the system's loader.
    MALLOC_ARENA_MAX=1 run 1200 vk "$part/vk.test" -test.v -test.timeout 20m -test.run '^TestCycles$'
    end
    begin "$1" gpu
    [ "$1" != lavapipe26 ] || export CNNVK_REQUIRE=vulkan,cooperative_matrix
    run 3600 engine/gpu "$part/gpu.test" -test.v -test.short -test.timeout 60m
    export CNNVK_REQUIRE=vulkan
    end
    begin "$1" golden
    run 3600 net/training "$part/training.test" -test.v -test.timeout 60m -test.run '^TestGolden//^gpu$'
    end
}

# compile NAME compiles every kernel that TestCompile names, then records and submits whole steps as they are chosen.
compile() {
    export CNNVK_COMPILE_ONLY=1
    subgroup=${1#"$driver"}
    begin "$1" compile
    CNNVK_SUBGROUP=${subgroup#@} run 900 engine/gpu "$part/gpu.test" -test.v -test.timeout 15m -test.run '^TestCompile$'
    case $1 in radv-navi3* | radv-gfx1[12]* | nvk-174 | anv-dg2 | anv-bmg) export CNNVK_REQUIRE=vulkan,cooperative_matrix ;; esac
    run 900 engine/gpu "$part/gpu.test" -test.v -test.timeout 15m -test.run '^TestCompileCooperative$'
    export CNNVK_REQUIRE=vulkan
    end
    cp "$log" "$part/$1.log"
    compiled="$compiled $1.log"
    if [ -z "$subgroup" ]; then
        begin "$1" bench
        run 300 . bin/cnnvk bench --no-tune --repeats 2
        end
    fi
    unset CNNVK_COMPILE_ONLY
}

echo "| $(date +%F), driver | what | passed | failed | skipped | s |"
echo "| --- | --- | --- | --- | --- | --- |"
for name; do
    available "$name" || continue
    label="$name: $(device)"
    case $name in
    lavapipe* | swiftshader) execute "$name" ;;
    *) compile "$name" ;;
    esac
done
if [ -n "$compiled" ]; then
    echo
    (cd "$part" && awk -f "$top/.ci/kernels.awk" $compiled) || failed=1
fi
if [ $ran = 0 ]; then
    say "nothing could be run"
    failed=1
fi
exit $failed
