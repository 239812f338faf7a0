#!/usr/bin/env bash
# Installs what is missing, builds the fuzz targets and runs them one after another: scripts/fuzz.sh [SECONDS [TARGET …]]
# SECONDS (60) are for each; no TARGET means all. Ends at the first finding, with status 1. What is found, and the inputs
# that made new code run, stay in build/fuzz/TARGET.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
shift $(($# > 0))
if [[ ! $seconds =~ ^[0-9]+$ ]]; then
    sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
    exit 2
fi

scripts/install.sh clang libclang-rt-dev
cmake --preset clang-asan
cmake --build --preset clang-asan --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target deconvviz_fuzz

targets=("$@")
if [[ $# -eq 0 ]]; then
    for program in build/clang-asan/tests/fuzz/deconvviz_fuzz_*; do
        [[ -f $program && -x $program ]] && targets+=("${program##*deconvviz_fuzz_}")
    done
fi

# The inputs are files: on a disk that is memory, where there is one.
TMPDIR=$(mktemp -d -p "$(if [[ -d /dev/shm ]]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi)")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# The sanitizer keeps the calls that led to each allocation, every way that it has seen: in an hour, gigabytes, which
# would count as the target's. A finding tells them in full when it is run by hand.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=2}

for target in "${targets[@]}"; do
    printf '\n=== %s, %d s\n' "$target" "$seconds"
    folder=build/fuzz/$target
    program=build/clang-asan/tests/fuzz/deconvviz_fuzz_$target
    if [[ ! -x $program ]]; then
        echo "fuzz.sh: there is no target $target (see tests/fuzz/CMakeLists.txt)" >&2
        exit 2
    fi
    mkdir -p "$folder/corpus"
    # libFuzzer writes what is new into the first folder alone: tests/fuzz/corpus stays as it is.
    # (Longer inputs are cut, those of the corpus, too: none of them is.)
    if ! "$program" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -max_len=32768 -print_final_stats=1 "-artifact_prefix=$folder/" \
        "$folder/corpus" "tests/fuzz/corpus/$target" >"$folder/log" 2>&1; then
        tail -n 40 "$folder/log"
        echo "fuzz.sh: $target has a finding; the input that makes it is in $folder, the log in $folder/log" >&2
        exit 1
    fi
    grep -E '^#[0-9]+.DONE|^stat::' "$folder/log"
done
