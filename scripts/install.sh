#!/usr/bin/env bash
# Installs what the build, the tests, the examples and the format check need, as Debian packages; further packages can
# be named as arguments. Does nothing, and asks for no password, where all are there.
set -euo pipefail

packages=(
    g++ cmake ninja-build
    libeigen3-dev libstb-dev                # the library itself
    doctest-dev libbenchmark-dev            # tests, benchmarks
    libcli11-dev nlohmann-json3-dev         # examples
    libonnx-dev libprotobuf-dev             # models in ONNX files
    fonts-dejavu-core                       # a font for titles in the figures
    clang-format                            # scripts/check-format.sh
    "$@"
)

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "install.sh: this is no Debian; please see to it that these are installed: ${packages[*]}"
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $state == installed* ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "install.sh: missing ${missing[*]}; run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo "${as_root[@]}")
fi

echo "install.sh: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get -qq update &&
    "${as_root[@]}" apt-get -qq install --yes --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "install.sh: could not install ${missing[*]}" >&2
    exit 1
fi
