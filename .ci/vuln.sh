#!/bin/sh
# vuln.sh looks for published vulnerabilities that the program reaches, in the modules it is built of and in Go's standard library. It needs
# nothing but a Go module proxy: govulncheck and the Go vulnerability database both come from there as modules.
# VULNDB=VERSION takes the database of another day (latest: the newest there is).
# Fails where something vulnerable is called; what is only imported is counted in the last lines.
set -eu
cd "$(dirname "$0")/.."
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
module=golang.org/x/vulndb@${VULNDB:-v0.0.0-20261105234957-e22db6528018}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cnnvk/vulndb

download=$(go mod download -json "$module") || { echo "$download" >&2; exit 1; }
field() { echo "$download" | sed -n "s/^[[:space:]]*\"$1\": \"\(.*\)\".*/\1/p"; }
version=$(field Version)
database=$cache/$version

if [ ! -e "$database" ]; then
    mkdir -p "$cache"
    part=$(mktemp -d "$cache/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    echo "vuln: indexing the database $version, once" >&2
    go run "golang.org/x/vulndb/cmd/indexdb@$version" -vulns "$(field Dir)/data/osv" -out "$part/db"
    [ -e "$database" ] || mv "$part/db" "$database" # another make may have been faster
    rm -rf "$part"
fi

echo "vuln: $(go version), database $version"
found=0
report=$(go run $govulncheck -db "file://$database" ./... 2>&1) || found=$?
echo "$report" | sed '/^ *#\([2-9]\|[1-9][0-9]\{1,\}\): /d' # of each, one way to it is enough
exit $found
