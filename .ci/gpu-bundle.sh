#!/bin/sh
# gpu-bundle.sh FILE COMMIT packs what a machine with a GPU needs to check this program, and nothing more, into a .tgz: the program and the tests
# as binaries, their data, a Vulkan loader for machines that have none, and gpu-check.sh, which runs it all.
set -eu
cd "$(dirname "$0")/.."
file=$1 commit=$2
newest=2.34 # glibc: Ubuntu 22.04, RHEL 9 and later have it
most=$((30 * 1024 * 1024))

part=$(mktemp -d)
trap 'rm -rf "$part"' EXIT
dir=$part/cnnvk-gpu-check
mkdir -p "$dir/vk" "$dir/gpu" "$dir/training" "$dir/lib"
go build -trimpath -ldflags "-s -w -X main.commit=$commit" -o "$dir/cnnvk" ./cmd/cnnvk
test_binary() { go test -c -trimpath -ldflags '-s -w' -o "$dir/$1/test" "./$2"; } # DIR PACKAGE
test_binary vk vk
test_binary gpu engine/gpu
test_binary training net/training
cp -R vk/testdata vk/*.[ch] "$dir/vk/" # tests compile a driver of their own where there is a compiler
cp -R net/training/testdata "$dir/training/"
cp .ci/peer_networks.py .ci/peer_cuda.py .ci/gpu-check.sh LICENSE "$dir/"
loader=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -n 's/.*libvulkan\.so\.1 .*x86-64.* => //p' | head -1)
if [ -n "$loader" ]; then
    cp -L "$loader" "$dir/lib/libvulkan.so.1"
else
    echo "gpu-bundle: there is no libvulkan.so.1 here to take along" >&2
fi

for binary in "$dir/cnnvk" "$dir"/*/test "$dir"/lib/*; do
    [ -e "$binary" ] || continue
    needs=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -1)
    if [ "$(printf '%s\n' "$needs" $newest | sort -V | tail -1)" != $newest ]; then
        echo "gpu-bundle: ${binary#"$part/"} needs glibc $needs, no newer one than $newest may be needed" >&2
        exit 1
    fi
done
mkdir -p "$(dirname "$file")"
tar -C "$part" --owner=0 --group=0 -cf - cnnvk-gpu-check | gzip -9 >"$part/bundle.tgz"
size=$(stat -c %s "$part/bundle.tgz")
if [ "$size" -gt $most ]; then
    echo "gpu-bundle: it has $size bytes, at most $most are allowed" >&2
    exit 1
fi
mv "$part/bundle.tgz" "$file"
echo "$file: $((size / 1024 / 1024)) MB; on a machine with a GPU: tar xf $(basename "$file") && sh cnnvk-gpu-check/gpu-check.sh OUT"
