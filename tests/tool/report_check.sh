#!/bin/bash
# report_check.sh TOOL MODEL FOLDER [DATA]: makes a report of a model that ends in classes, and looks at what came out;
# where Chromium is installed, it also clicks through all of the page there. FOLDER is for what is made; it is emptied.
set -euo pipefail
tool=$(realpath "$1"); model=$(realpath "$2"); folder=$3; data=${4:+$(realpath "$4")}
here=$(cd "$(dirname "$0")" && pwd)
fail() { echo "report_check: $*" >&2; exit 1; }

rm -rf "$folder"; mkdir -p "$folder/data"; cd "$folder"
# Pictures that need no other tool, and names that would do harm where they are not escaped.
first='one <img src=x onerror=alert(1)> & "two".png'
second=$'</script><script>throw 1<\\script>.png'; second=${second//\//∕}
"$tool" filters "$model" --out "$first"
"$tool" maps "$model" "$first" --layer 0 --out "$second"
cp "$first" data/a.png; cp "$second" data/b.png
rows=$("$tool" info "$model" | grep -E '^ +[0-9]+ ')
layers=$(wc -l <<< "$rows")
classes=$(tail -1 <<< "$rows" | sed -n 's/.* (\([0-9]*\)) .*/\1/p')
[ -n "$classes" ] || fail "the model does not end in classes"
for ((i = 0; i < classes; ++i)); do echo "</script><script>throw $i</script><!-- & \"$i\""; done > names.txt

"$tool" report "$model" "$first" "$second" --labels names.txt --data "${data:-data}" --out made/by/report
page=made/by/report/index.html
[ "$(ls made/by/report)" = index.html ] || fail "expected index.html alone, got $(ls made/by/report)"
grep -qE 'https?://' "$page" && fail "the page names an address"
[ "$(grep -o '</script>' "$page" | wc -l)" = 3 ] || fail "a name from a file ends a script"

# What goes wrong is said, and leaves the page that is there.
before=$(cksum < "$page")
refused() {
    local why=$1 status=0; shift
    "$tool" report "$@" > said 2>&1 || status=$?
    [ $status = 1 ] || fail "expected status 1 for $why, got $status"
    grep -q '^error: ' said || fail "expected an error for $why, got $(cat said)"
}
refused "a picture that is not there" "$model" nothing.png --out made/by/report
refused "no picture" "$model" names.txt --out made/by/report
refused "too few names" "$model" "$first" --labels "$first" --out made/by/report
refused "a file in the folder's place" "$model" "$first" --out names.txt
refused "a file above the folder" "$model" "$first" --out names.txt/report
refused "data that are not there" "$model" "$first" --data nothing --out made/by/report
[ "$before" = "$(cksum < "$page")" ] || fail "an error changed the page"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then echo "report_check: ok; no Chromium, so nothing was clicked"; exit 0; fi
home=$(mktemp -d); trap 'rm -rf "$home"' EXIT
browse() {
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$home" --enable-logging=stderr "$@"
}

# The page as it is says nothing on the console, and prints.
browse --no-pdf-header-footer --print-to-pdf=report.pdf "file://$PWD/$page" > said 2>&1 || fail "Chromium: $(cat said)"
grep 'CONSOLE' said && fail "the console is not empty"
[ "$(head -c 4 report.pdf)" = %PDF ] || fail "it does not print"

# A copy that watches for errors from its beginning, and is clicked through at its end.
{
    # shellcheck disable=SC2016  # what stands in the quotes is JavaScript
    sed '0,/<meta charset="utf-8">/s//&<script>const errors = [];\
        for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"]) addEventListener(kind, e => errors.push(`${kind}: ${e.message ?? e.reason ?? e.violatedDirective}`), true);\
        console.error = console.warn = (...all) => errors.push(all.join(" "));<\/script>/' "$page"
    echo "<script>const expected = { layers: $layers, pictures: 2 };"
    cat "$here/report_click.js"
    echo "</script>"
} > clicked.html
for size in 1280,900 400,800; do
    browse --window-size=$size --dump-dom "file://$PWD/clicked.html" > dom.html 2> said ||
        fail "Chromium: $(cat said)"
    result=$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' dom.html | head -1)
    [[ $result == "clicked: ok"* ]] || fail "at $size: $result"
    echo "$size $result"
done
echo "report_check: ok"
