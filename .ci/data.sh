#!/bin/sh
# data.sh SHARED DIR unpacks the shared folder's CIFAR-100 into DIR, unless it is there.
set -eu
shared=$1 dir=$2
[ ! -e "$dir/train.bin" ] || exit 0
mkdir -p "$dir"
part=$(mktemp -d "$dir/part.XXXXXX") # another make may be unpacking at the same time
trap 'rm -rf "$part"' EXIT
echo "data: unpacking CIFAR-100 into $dir"
go run "$shared/data/unpack.go" -o "$part" >/dev/null
mv -f "$part"/*.txt "$part/test.bin" "$dir"
mv -f "$part/train.bin" "$dir" # last: where it is, all is
