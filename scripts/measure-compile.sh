#!/usr/bin/env bash
# How long does a file with the umbrella header take to compile at -O2, and how much memory?
# scripts/measure-compile.sh [FILE …]; by default one that builds and trains a model, and the README's example, which draws
# digits and figures as well. CXX names another compiler, EIGEN_DIR another folder of Eigen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

files=("$@")
[[ ${#files[@]} -gt 0 ]] || files=(tests/compile_time/train.cpp examples/minimal.cpp)
for file in "${files[@]}"; do
    if [[ ! -f $file ]]; then
        echo "measure-compile.sh: expected a source file, found nothing at $file" >&2
        exit 1
    fi
done
[[ -x /usr/bin/time ]] || scripts/install.sh time

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compile=("${CXX:-g++}" -std=c++20 -O2 -I include -isystem "${EIGEN_DIR:-/usr/include/eigen3}" -pthread)
for file in "${files[@]}"; do
    /usr/bin/time --format '%e %M' --output "$folder/cost" "${compile[@]}" -c "$file" -o "$folder/object.o"
    read -r seconds kilobytes <"$folder/cost"
    echo "$file: $seconds s, $((kilobytes / 1024)) MB (${compile[0]} -O2)"
done
