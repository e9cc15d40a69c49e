#!/usr/bin/env bash
# Finds what compilers and linters let through: unfinished work, tests and examples that never run, one person's paths.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Tracked files and new ones. This file is left out: it has to spell what it looks for.
files=()
while IFS= read -r -d '' file; do
    if [ -f "$file" ]; then files+=("$file"); fi
done < <(git ls-files -z --cached --others --exclude-standard -- . ':!Cargo.lock' ':!scripts/check-text.sh')
[ "${#files[@]}" -gt 0 ] || {
    echo "error: git lists no file here; this check needs a clone" >&2
    exit 1
}

failed=0

# refuse "WHAT" PATTERN [FILE NAME ENDINGS]: prints file:line of each match.
refuse() {
    local what=$1 pattern=$2 file chosen=()
    shift 2
    for file in "${files[@]}"; do
        if [ $# -eq 0 ]; then
            chosen+=("$file")
            continue
        fi
        for ending in "$@"; do
            case $file in *"$ending") chosen+=("$file") ;; esac
        done
    done
    [ "${#chosen[@]}" -gt 0 ] || return 0
    if grep -nHIE -- "$pattern" "${chosen[@]}"; then
        printf '   ^ %s\n' "$what"
        failed=1
    fi
}

refuse "unfinished: finish it, or leave it out" '\b(todo|unimplemented|dbg)!|\b(TODO|FIXME)\b'
# shellcheck disable=SC2016 # these backticks are Markdown's
refuse "an example that never runs: use no_run, or make it run" '(```|~~~)[^`]*\b(ignore|no_compile)' .rs .md
refuse "a test that never runs" '#!?\[[[:space:]]*ignore\b|cfg_attr\(.*\bignore\b' .rs
refuse "a path of one machine" '(^|[^A-Za-z0-9_.}-])/(work|root|home|Users)/'
refuse "use #[expect(.., reason = \"..\")]" '#!?\[[[:space:]]*allow[[:space:]]*\(|cfg_attr\(.*\ballow[[:space:]]*\(' .rs

# Scripts that a document names are there, seen from the top or from the document's own folder.
for file in "${files[@]}"; do
    case $file in *.md) ;; *) continue ;; esac
    while IFS=: read -r line script; do
        [ -n "$script" ] || continue
        script=${script%.}
        if [ ! -e "$script" ] && [ ! -e "$(dirname "$file")/$script" ]; then
            printf '%s:%s:%s\n   ^ names a script that does not exist\n' "$file" "$line" "$script"
            failed=1
        fi
    done < <(grep -noE '(scripts|\.ci)/[A-Za-z0-9._-]+' "$file" || true)
done

[ "$failed" -eq 0 ] || exit 1
echo "ok: ${#files[@]} files"
