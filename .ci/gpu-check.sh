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
whole=465 stuck= # seconds; the rest is for the report
began=$(date +%s)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && out=$(cd "$1" && pwd) || exit 1
report=$out/report.md failed= # the steps that did
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

# What was begun ends with the script; one row is then as far as it came.
child=
trap 'interrupted' HUP INT TERM
interrupted() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    say
    say "Interrupted after $(($(date +%s) - began)) s."
    rm -rf "$out/cache"
    exit 1
}

# step SECONDS NAME FOLDER COMMAND... runs a command there for at most that long, and no longer than time is left; its words go to NAME.log.
# $result says how it ended. What a driver keeps even from being killed is left behind, and nothing is begun after it.
step() {
    seconds=$1 log=$out/$2.log folder=$3
    shift 3
    left=$((began + whole - reserve - $(date +%s)))
    [ "$seconds" -le $left ] || seconds=$left
    if [ "$seconds" -lt 5 ] || [ -n "$stuck" ]; then
        result="not begun: ${stuck:-no time was left}" took=0
        echo "$result" >"$log"
        return 1
    fi
    echo "gpu-check: $(basename "$log" .log), at most $seconds s" >&2
    start=$(date +%s)
    (cd "$folder" && exec timeout -k 3 "$seconds" "$@") >"$log" 2>&1 &
    child=$!
    while kill -0 $child 2>/dev/null && [ $(($(date +%s) - start)) -lt $((seconds + 6)) ]; do sleep 0.2; done
    took=$(($(date +%s) - start))
    if kill -0 $child 2>/dev/null; then
        stuck="$(basename "$log" .log) could not be stopped"
        child= failed="$failed $(basename "$log" .log)"
        result="**hangs** after $took s, and cannot be stopped"
        return 1
    fi
    wait $child
    code=$? child=
    case $code in
    0) result=passed ;;
    124 | 137) result="stopped after $took s" ;;
    *) result="**failed** ($code)" failed="$failed $(basename "$log" .log)" ;;
    esac
    return $code
}

# tests SECONDS NAME FOLDER [ARG...] runs a package's tests and writes a row: how many passed, and the worst error that any of them printed.
tests() {
    limit=$1 name=$2 folder=$3
    shift 3
    step "$limit" "$name" "$here/$folder" ./test -test.v=test2json -test.timeout 0 "$@"
    count() { grep -c -e "^[^=]*--- $1:" "$out/$name.log"; } # each test at once, not when its parent ends
    worst=$(sed -n 's/.*NMSE \([0-9.e+-]*\).*/\1/p' "$out/$name.log" | sort -g | tail -1)
    if [ "$(count FAIL)" -gt 0 ] && [ "${failed% "$name"}" = "$failed" ]; then
        failed="$failed $name" # it was stopped after that
    fi
    say "| $name | $result | $(count PASS) | $(count FAIL) | $(count SKIP) | ${worst:--} | $took |"
}

bench() { # NAME BATCH REPEATS [ARG...]
    name=$1 batch=$2 repeats=$3
    shift 3
    step 60 "$name" "$out" "$here/cnnvk" bench --batch-size "$batch" --repeats "$repeats" "$@"
}

# rates NAME BATCH LABEL [ARG...] writes a row of the table of rates: of three steps, and of up to 50 where these take no more than ten seconds.
rates() {
    label=$3 name=$1 batch=$2
    shift 3
    number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$out/$name.log" | tail -1; }
    if ! bench "$name" "$batch" 3 --json "$@"; then
        say "| $label | $batch | $result | | | |"
        return
    fi
    steps=3 row="$(number train_img_s) | $(number eval_img_s)" first=$(number first_step_s)
    more=$(number train_img_s | awk -v batch="$batch" '{ n = int(10 * $1 / batch); print (n > 50 ? 50 : n) }')
    if [ "${more:-0}" -gt 3 ] && bench "$name-again" "$batch" "$more" --json "$@"; then
        steps=$more row="$(number train_img_s) | $(number eval_img_s)"
    fi
    say "| $label | $batch | $row | $first | $steps |"
}

quote() { # NAME: a log as it stands
    say '```'
    cat "$out/$1.log" >>"$report"
    say '```'
    say
}

# excerpt NAME: of a log what each failed test said, or, if nothing says that it failed, what came at the end.
excerpt() {
    say "$1:"
    say
    say '```'
    tr -d '\026' <"$out/$1.log" | awk '
        /^ *=== RUN/ { last = n + 1 }
        { line[++n] = $0 }
        /--- FAIL/ { for (i = last > n - 12 ? last : n - 12; i <= n; i++) if (i > shown) print line[i]; shown = n }
        END {
            if (shown) exit
            from = last ? last : n - 19
            to = last ? last + 25 : n
            for (i = from > 0 ? from : 1; i <= to && i <= n; i++) print line[i]
        }
    ' | cut -c1-300 | head -80 >>"$report"
    say '```'
    say
}

{
    echo "# cnnvk on a GPU"
    echo
    echo "$("$here/cnnvk" version 2>&1 | head -1), $(date -u +%F), $(uname -srm), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg)"
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
tests 75 variants gpu -test.short -test.run '^(TestOps|TestVariants)$'
tests 45 fused gpu -test.run 'TestFused|TestGuards|TestSlices|TestQueue'
tests 30 golden training -test.run '^TestGoldenCompact$//^gpu$'
say

say "| cnnvk | batch | train images/s | forward images/s | first step, s | steps |"
say "| --- | --- | --- | --- | --- | --- |"
rates built-in-128 128 "built-in kernels" --no-tune
rates built-in-512 512 "built-in kernels" --no-tune
chosen=built-in off=--no-tune # what bench would measure anew where tuning did not come to its end
if step 90 tune "$out" "$here/cnnvk" tune; then
    chosen=tuned off= result="took $took s"
fi
say "| tuning | | $result | | | |"
if [ $chosen = tuned ]; then
    rates tuned-128 128 "tuned kernels"
    rates tuned-512 512 "tuned kernels"
fi
for network in resnet9s ds-resnet; do
    rates $network-built-in 128 "$network, built-in kernels" --no-tune --recipe $network
    [ $chosen = built-in ] || rates $network-tuned 128 "$network, tuned kernels" --recipe $network
done
say
[ $chosen = built-in ] || bench profile-built-in 128 10 --no-tune --profile # for those who look into the logs
bench profile 128 10 $off --profile --trace "$out/trace.json"
say "Profile, $chosen kernels: $result"
say
quote profile

if [ $reserve -gt 0 ]; then
    reserve=0
    left=$((began + whole - $(date +%s)))
    step 120 pytorch "$out" env PYTHONDONTWRITEBYTECODE=1 "$python" "$here/peer_cuda.py" $((left < 110 ? left - 10 : 110)) smallcifarnet,resnet9s,ds-resnet 128 512
    cat "$out/pytorch.log" >>"$report"
else
    say "There is no $python with PyTorch and CUDA here."
fi
say
if [ -n "$failed" ]; then
    say "What failed:"
    say
    for name in $failed; do excerpt "$name"; done
fi
say "$(($(date +%s) - began)) s in all."
rm -rf "$out/cache"
echo "gpu-check: $report"
[ -z "$failed" ]
