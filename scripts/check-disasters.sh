#!/usr/bin/env bash
# docs/disasters.md says which test would fail with which disaster: no number is missing or doubled, and every test is there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

table=docs/disasters.md
failed=0
wrong() {
    printf 'wrong: %s: %s\n' "$table" "$*" >&2
    failed=1
}

# ---- what there is -------------------------------------------------------------------------------------------------

# tests_of PACKAGE FOLDER: "PACKAGE PATH" of each test, with the path that `cargo test` prints.
tests_of() {
    local package=$1 folder=$2
    git ls-files --cached --others --exclude-standard -- "$folder/src/*.rs" "$folder/tests/*.rs" |
        while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done |
        xargs -r awk -v package="$package" -v folder="$folder/" '
            FNR == 1 {
                path = substr(FILENAME, length(folder) + 1)
                unit = sub(/^src\//, "", path)
                # The first folder below tests/ is the test binary; a file directly there is one too.
                if (!unit && !sub(/^tests\/[^\/]*\//, "", path)) path = ""
                sub(/\.rs$/, "", path)
                sub(/(^|\/)(mod|main|lib)$/, "", path)
                if (unit && path !~ /(^|\/)tests($|\/)/) path = path "/tests"
                gsub(/\//, "::", path)
                sub(/^::/, "", path)
                marked = 0
            }
            # Tests of a store, each once for every database.
            /^on_every_store!\[/ { listed = 1 }
            listed {
                line = $0
                sub(/^on_every_store!\[/, "", line)
                while (match(line, /[a-z0-9_]+/)) {
                    name = substr(line, RSTART, RLENGTH)
                    print package, path "::sqlite::" name "\n" package, path "::postgres::" name
                    line = substr(line, RSTART + RLENGTH)
                }
                if (/\];/) listed = 0
                next
            }
            /^ *#\[(tokio::)?test[](]/ { marked = 1; next }
            marked && match($0, /fn [a-z0-9_]+/) {
                print package, (path == "" ? "" : path "::") substr($0, RSTART + 3, RLENGTH - 3)
                marked = 0
            }'
}

packages=$(git ls-files --cached --others --exclude-standard -- '*/Cargo.toml' | while IFS= read -r manifest; do
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$manifest" | head -n 1)
    [ -z "$name" ] || printf '%s %s\n' "$name" "${manifest%/Cargo.toml}"
done)
tests=$(while read -r name folder; do tests_of "$name" "$folder"; done <<<"$packages" | sort -u)
names=$(cut -d ' ' -f 1 <<<"$packages")

# ---- what the table says -------------------------------------------------------------------------------------------

# rows HEADING: "NUMBER<tab>PROOF" of each row below that heading.
rows() {
    awk -F ' *[|] *' -v heading="## $1" '
        /^## / { here = ($0 == heading) }
        here && $2 ~ /^D[0-9]+$/ { print $2 "\t" $4 (NF == 5 ? "" : "\tcells") }
    ' "$table"
}

# section HEADING NUMBERS…
section() {
    local heading=$1 number proof cells found
    shift
    found=$(rows "$heading")
    for number in "$@"; do
        case $(cut -f 1 <<<"$found" | grep -cx -- "$number") in
            1) ;;
            0) wrong "$number is missing below \"$heading\"" ;;
            *) wrong "$number is there more than once below \"$heading\"" ;;
        esac
    done
    while IFS=$'\t' read -r number proof cells; do
        case " $* " in *" $number "*) ;; *) wrong "$number is no number of \"$heading\"" ;; esac
        [ -z "$cells" ] || wrong "$number has not three cells"
        [ -n "$proof" ] || wrong "$number names no test and says no reason"
        while IFS= read -r named; do
            # Other words in backticks are not tests.
            grep -qxF -- "${named%% *}" <<<"$names" || continue
            grep -qxF -- "$named" <<<"$tests" || wrong "$number names a test that is not there: $named"
        done < <(grep -oE '`[^`]+ [^`]+`' <<<"$proof" | tr -d '`' || true)
    done <<<"$found"
}

elsewhere=() replaced=()
for number in $(seq 1 27); do elsewhere+=("D$number"); done
for number in $(seq 1 57); do replaced+=("$(printf 'D%02d' "$number")"); done
section "What happened to other syncs" "${elsewhere[@]}"
section "What was wrong with the app that this one replaces" "${replaced[@]}"

[ "$failed" -eq 0 ] || exit 1
echo "ok: $((${#elsewhere[@]} + ${#replaced[@]})) disasters, $(grep -oE '`[a-z0-9-]+ [a-z0-9_:]+`' "$table" | sort -u | wc -l) tests"
