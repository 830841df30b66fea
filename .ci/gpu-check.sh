#!/bin/sh
# gpu-check.sh OUT checks cnnvk on this machine's Vulkan device and writes OUT/report.md, beside the logs of every step. It needs Linux on
# x86-64, glibc 2.34 and a Vulkan driver, installs nothing, leaves nothing outside OUT, and ends within eight minutes.
#
#   CNNVK_DEVICE     which device, as cnnvk takes it (default: the best)
#   PYTHON=python3   if it has PyTorch with CUDA, that is measured beside
set -u
[ $# = 1 ] || {
    echo "usage: sh gpu-check.sh OUT" >&2
    exit 2
}
whole=470 # seconds; the rest is for the report
began=$(date +%s)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && out=$(cd "$1" && pwd) || exit 1
report=$out/report.md failed=0
export XDG_CACHE_HOME="$out/cache" CNNVK_REQUIRE=vulkan
python=${PYTHON:-python3} reserve=0
if command -v "$python" >/dev/null && "$python" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    reserve=90 # seconds for PyTorch, whatever the rest takes
fi

# A loader of our own where the system has none, and NVIDIA's driver where containers have it.
PATH=$PATH:/sbin:/usr/sbin
if ! ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1 '; then
    export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && ! ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json \
    /usr/local/share/vulkan/icd.d/*.json "${HOME:-/}"/.local/share/vulkan/icd.d/*.json 2>/dev/null | grep -q .; then
    for icd in /usr/local/nvidia/share/vulkan/icd.d/*.json /opt/*/share/vulkan/icd.d/*.json; do
        [ -e "$icd" ] && export VK_DRIVER_FILES="$icd" VK_ICD_FILENAMES="$icd" && break
    done
fi

say() { echo "$@" >>"$report"; }

# step SECONDS NAME FOLDER COMMAND... runs a command there for at most that long, and no longer than time is left; its words go to NAME.log.
# $result says how it ended.
step() {
    seconds=$1 log=$out/$2.log folder=$3
    shift 3
    left=$((began + whole - reserve - $(date +%s)))
    [ "$seconds" -le $left ] || seconds=$left
    if [ "$seconds" -lt 5 ]; then
        result='no time was left'
        echo "$result" >"$log"
        return 1
    fi
    echo "gpu-check: $(basename "$log" .log), at most $seconds s" >&2
    start=$(date +%s)
    (cd "$folder" && exec timeout -k 3 "$seconds" "$@") >"$log" 2>&1
    code=$?
    took=$(($(date +%s) - start))
    case $code in
    0) result=passed ;;
    124 | 137) result="stopped after $took s" ;;
    *) result="**failed** ($code)" failed=1 ;;
    esac
    return $code
}

# tests SECONDS NAME FOLDER [ARG...] runs a package's tests and writes a row: how many passed, and the worst error that any of them printed.
tests() {
    limit=$1 name=$2 folder=$3
    shift 3
    step "$limit" "$name" "$here/$folder" ./test -test.v=test2json -test.timeout "${limit}s" "$@"
    count() { grep -c -e "^[^=]*--- $1:" "$out/$name.log"; } # each test at once, not when its parent ends
    worst=$(sed -n 's/.*NMSE \([0-9.e+-]*\).*/\1/p' "$out/$name.log" | sort -g | tail -1)
    say "| $name | $result | $(count PASS) | $(count FAIL) | $(count SKIP) | ${worst:--} | ${took:-0} |"
}

bench() { # NAME BATCH [ARG...]
    name=$1 batch=$2
    shift 2
    step 40 "$name" "$out" "$here/cnnvk" bench --batch-size "$batch" --repeats 50 "$@"
}

rates() { # NAME BATCH LABEL [ARG...]: a row of the table of rates
    label=$3 name=$1 batch=$2
    shift 3
    if bench "$name" "$batch" --json "$@"; then
        number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$out/$name.log" | tail -1; }
        say "| $label | $batch | $(number train_img_s) | $(number eval_img_s) | $(number first_step_s) |"
    else
        say "| $label | $batch | $result: $(tail -1 "$out/$name.log") | | |"
    fi
}

quote() { # NAME: a log as it stands
    say '```'
    cat "$out/$1.log" >>"$report"
    say '```'
    say
}

{
    echo "# cnnvk on a GPU"
    echo
    echo "$("$here/cnnvk" version 2>&1 | head -1), $(date -u +%F), $(uname -srm), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
    echo
} >"$report"
step 20 devices "$out" "$here/cnnvk" devices -v
quote devices
[ "$result" = passed ] || {
    echo "gpu-check: no device; see $report" >&2
    exit 1
}

say "| tests | | passed | failed | skipped | worst NMSE | s |"
say "| --- | --- | --- | --- | --- | --- | --- |"
tests 60 vk vk -test.skip 'TestCycles|TestUnderGarbage|TestManyGoroutines|TestSubmitsNeed'
tests 75 variants gpu -test.run 'TestOps|TestVariants' -test.short
tests 45 fused gpu -test.run 'TestFused|TestGuards|TestSlices|TestQueue'
tests 30 golden training -test.run '^TestGoldenCompact$//^gpu$'
say

say "| cnnvk | batch | train images/s | forward images/s | first step, s |"
say "| --- | --- | --- | --- | --- |"
rates built-in-128 128 "built-in kernels" --no-tune
rates built-in-512 512 "built-in kernels" --no-tune
step 70 tune "$out" "$here/cnnvk" tune
say "| tuning: $result, $took s | | | | |"
rates tuned-128 128 "tuned"
rates tuned-512 512 "tuned"
say
bench profile-built-in 128 --no-tune --profile
bench profile-tuned 128 --profile --trace "$out/trace.json"
say "Profile, tuned:"
say
quote profile-tuned

if [ $reserve -gt 0 ]; then
    reserve=0
    left=$((began + whole - $(date +%s)))
    step 120 pytorch "$out" env PYTHONDONTWRITEBYTECODE=1 "$python" "$here/peer_cuda.py" $((left < 110 ? left - 10 : 110)) 128 512
    cat "$out/pytorch.log" >>"$report"
else
    say "There is no $python with PyTorch and CUDA here."
fi
say
say "$(($(date +%s) - began)) s in all."
rm -rf "$out/cache"
echo "gpu-check: $report"
exit $failed
