#!/usr/bin/env bash
# Installs what is missing, builds, trains a digit classifier and writes gallery/index.html:
#   scripts/demo.sh [--mnist FOLDER] [--out FOLDER] [--epochs N] [--threads N] [--seed N] [--font FILE]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$root/scripts/install.sh"

echo "Building (a minute or so the first time; log: build/demo.log)"
mkdir -p "$root/build"
if ! (cd "$root" && cmake --preset release -D DECONVVIZ_BUILD_TESTS=OFF -D DECONVVIZ_BUILD_BENCH=OFF -B build/demo &&
    cmake --build build/demo --target deconvviz_example_demo --parallel "$(nproc)") >"$root/build/demo.log" 2>&1; then
    tail -n 30 "$root/build/demo.log" >&2
    echo "demo.sh: the build failed; the whole log is in build/demo.log" >&2
    exit 1
fi

font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
arguments=("$@")
[[ ! -f $font || " $* " == *" --font"* ]] || arguments=(--font "$font" "$@")
exec "$root/build/demo/examples/demo" "${arguments[@]}"
