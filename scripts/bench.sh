#!/usr/bin/env bash
# Installs what is missing, builds the benchmarks, runs them on one thread and prints a table of ratios:
#   scripts/bench.sh FOLDER [--quick] [--filter REGEX] [--native] [--pytorch]
# FOLDER gets Google Benchmark's JSON, one file a program. --quick: less exact, in a minute. --filter: only
# benchmarks whose names match, and their yardsticks. --native: built with -march=native. --pytorch: PyTorch beside them.
# DECONVVIZ_ISA=avx2 or portable holds ours and oneDNN to less; DECONVVIZ_BENCH_THREADS sets another number of threads.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n '2,6s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

fail() {
    echo "bench.sh: $*" >&2
    exit 1
}

folder='' filter='' build=build/bench pytorch=no
repetitions=7 min_time=0.1
flags=()
while [[ $# -gt 0 ]]; do
    case $1 in
        --quick) repetitions=3 min_time=0.02 ;;
        --filter)
            [[ $# -ge 2 && -n $2 ]] || fail "--filter: expected a regular expression behind it"
            filter=$2
            shift
            ;;
        --native)
            build=build/bench-native
            flags=(-D CMAKE_CXX_FLAGS=-march=native)
            ;;
        --pytorch) pytorch=yes ;;
        -*) usage ;;
        *)
            [[ -z $folder ]] || fail "expected one folder, got '$folder' and '$1'"
            folder=$1
            ;;
    esac
    shift
done
[[ -n $folder ]] || usage
[[ ! -e $folder || -d $folder ]] || fail "expected a folder, but $folder is a file"
mkdir -p "$folder" || fail "cannot make the folder $folder"
[[ -w $folder ]] || fail "cannot write to the folder $folder"
folder=$(cd "$folder" && pwd)
cd "$root"

scripts/install.sh
scripts/install.sh libdnnl-dev || echo "bench.sh: going on without oneDNN" >&2
# With Debian's reference BLAS alone, PyTorch would be ten times slower than it can be.
[[ $pytorch == no ]] || scripts/install.sh python3-torch libopenblas0-pthread

log=$(mktemp)
part=''
trap 'rm -f "$log" "$part"' EXIT

# run WHAT COMMAND …: runs it quietly, and shows the end of what it said if it fails.
run() {
    if ! "${@:2}" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "$1 failed"
    fi
}

echo "Building (a minute or two the first time)"
run "the configuration" cmake --preset bench -B "$build" "${flags[@]}"
run "the build" cmake --build "$build" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
[[ -x $build/bench/bench_report ]] || fail "nothing was built: are Google Benchmark and nlohmann-json installed?"

# measure NAME COMMAND …: COMMAND writes NAME.json, of which the folder gets all or nothing.
files=()
measure() {
    local start=$SECONDS
    part=$folder/$1.json.part
    run "$1" "${@:2}"
    mv "$part" "$folder/$1.json"
    files+=("$folder/$1.json")
    echo "$1: $((SECONDS - start)) s"
}

export OMP_NUM_THREADS=${DECONVVIZ_BENCH_THREADS:-1} OPENBLAS_NUM_THREADS=${DECONVVIZ_BENCH_THREADS:-1}
for name in convolution transposed_convolution weight_gradient pooling dense networks local; do
    program=$build/bench/bench_$name
    if [[ -n $filter ]]; then
        matching=$("$program" --benchmark_list_tests --benchmark_filter="$filter" 2>"$log") || fail "$(tail -n 1 "$log")"
        [[ -n $matching ]] || continue
    fi
    measure "$name" "$program" --benchmark_filter="${filter:+$filter|^(peak|copy)/}" \
        --benchmark_repetitions=$repetitions --benchmark_min_time=$min_time \
        --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=false \
        --benchmark_out="$folder/$name.json.part" --benchmark_out_format=json
done
[[ ${#files[@]} -gt 0 ]] || fail "no benchmark's name matches '$filter'"
if [[ $pytorch == yes ]]; then
    measure pytorch /usr/bin/python3 bench/pytorch.py --out "$folder/pytorch.json.part" --filter "$filter" \
        --repetitions $repetitions --min-time $min_time
fi

echo
"$build/bench/bench_report" "${files[@]}"
