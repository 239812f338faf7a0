#!/usr/bin/env bash
# Are all our sources formatted as .clang-format says? With --fix they are formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Other versions differ in details: 14 is the one that decides, where it is there.
clang_format=$(command -v clang-format-14 || command -v clang-format || true)
if [[ -z $clang_format ]]; then
    scripts/install.sh
    clang_format=$(command -v clang-format)
fi

case ${1:-} in
    --fix) action=(-i) ;;
    '') action=(--dry-run -Werror) ;;
    *)
        sed -n '2s/^# //p' "${BASH_SOURCE[0]}"
        exit 2
        ;;
esac

mapfile -d '' files < <(find include tests examples bench -name '*.[hc]pp' -print0 -o -name '*.inl' -print0)
"$clang_format" "${action[@]}" "${files[@]}"
echo "check-format.sh: ${#files[@]} files"
