#!/bin/sh
# onnx.sh exports every built-in network and one of every layer, has the onnx library check the files, and compares what onnxruntime computes
# with the reference: batches of 1 and 32, and the reference weights on all test images, where the shared files are there. What it prints
# is docs/onnx.md's. onnxruntime is npm's, in NODE_PATH; its install script, which would fetch more, is not run.
set -eu
cd "$(dirname "$0")/.."
runtime=onnxruntime-node@1.30.0
if ! node -e "require('onnxruntime-node')" 2>/dev/null; then
    echo "onnx: installing $runtime into $(dirname "$NODE_PATH")" >&2
    npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix "$(dirname "$NODE_PATH")" "$runtime" >&2
fi
echo "$(date +%F), onnxruntime-node $(node -p "require('onnxruntime-node/package.json').version"), Node $(node --version)," \
    "onnx $(cd / && "$PYTHON" -c 'import onnx; print(onnx.__version__)')"
[ -z "${CNNVK_WEIGHTS:-}" ] && with=onnx || with=onnx,shared
report=$(mktemp)
trap 'rm -f "$report"' EXIT
failed=0
CNNVK_ONNX=full CNNVK_REQUIRE=$with go test -count=1 -vet=off -timeout 60m -v -run ONNX ./net ./cmd/cnnvk >"$report" 2>&1 || failed=$?
sed -n 's/^ *\(onnx_[a-z]*\|convert_onnx\)_test\.go:[0-9]*: //p; s/^ *\/.*\/\(.*\.onnx: \)/\1/p; /^ *--- [FS]/p; /^ok/p; /^FAIL/p' "$report"
exit $failed
