#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests: scripts/test.sh [PRESET [CTEST ARGUMENTS …]]
# PRESET is release (the default), debug, asan, tsan, clang-release, clang-debug or clang-asan.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-release}
shift $(($# > 0))
case $preset in
    release | debug | asan | tsan) packages=() ;;
    clang-release | clang-debug) packages=(clang) ;;
    clang-asan) packages=(clang libclang-rt-dev) ;;
    *)
        sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
        exit 2
        ;;
esac

scripts/install.sh ${packages[@]+"${packages[@]}"}
cmake --preset "$preset"
cmake --build --preset "$preset" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
ctest --preset "$preset" --output-on-failure --parallel "${CTEST_PARALLEL_LEVEL:-$(nproc)}" "$@"
