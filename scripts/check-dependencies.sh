#!/usr/bin/env bash
# Arrows between our packages point one way; this says which one does not. The rules are in CONTRIBUTING.md.
#
# Only what a package ships with counts (`-e normal`): tests may use more. Every platform counts, not just this one.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=0
wrong() {
    printf 'wrong: %s\n' "$*" >&2
    failed=1
}

# tree PACKAGE [cargo arguments]: the names of everything that PACKAGE is built from, itself left out.
tree() {
    local package=$1
    shift
    cargo tree --locked --quiet -p "$package" -e normal --target all --prefix none --format '{p}' "$@" |
        awk -v self="$package" '$1 != self && NF { print $1 }' | sort -u
}

# has LIST NAME
has() { grep -qxF -- "$2" <<<"$1"; }

members=$(cargo tree --locked --quiet --workspace --depth 0 -e normal --prefix none --format '{p}' | awk 'NF { print $1, $NF }')
packages=$(awk '{ print $1 }' <<<"$members" | sort -u)
# Built on top of the libraries: these may use all of ours, and none of ours uses them.
tops=$(awk '$1 == "benches" || $1 == "hostile-inputs" || $2 ~ /\/examples\/[^\/]+\)$/ { print $1 }' <<<"$members" | sort -u)

# only PACKAGE "ALLOWED OURS" [cargo arguments]: PACKAGE depends on no other package of this workspace.
only() {
    local package=$1 allowed=$2 name names
    shift 2
    has "$packages" "$package" || {
        wrong "$package is not in the workspace, but there is a rule about it"
        return
    }
    names=$(tree "$package" "$@")
    for name in $(grep -xF -f <(echo "$packages") <<<"$names" || true); do
        case " $allowed " in
            *" $name "*) ;;
            *) wrong "$package -> $name (of ours, $package${*:+ ($*)} may use: ${allowed:-nothing})" ;;
        esac
    done
}

# never PACKAGE "FORBIDDEN" WHY [cargo arguments]
never() {
    local package=$1 forbidden=$2 why=$3 name names
    shift 3
    names=$(tree "$package" "$@")
    for name in $forbidden; do
        if has "$names" "$name"; then wrong "$package -> $name ($why)"; fi
    done
}

# ---- our own packages ----------------------------------------------------------------------------------------------

only sync-core "" --all-features
only sync-http "" --all-features
only storage-sqlx "sync-core" --all-features

# Who only wants a client gets one: the engine comes with `connector`.
for client in ghl-client ephysio-client; do
    only "$client" "sync-http"
    only "$client" "sync-http sync-core" --all-features
done

# An emulator is written from what is known of its vendor. Did it share a type with the client, a wrong idea of the
# vendor would be wrong on both sides and no test would see it. emulator-kit is the exception, as it knows no vendor:
# a clock, a journal of requests, a script of faults.
only emulator-kit "" --all-features
only ghl-emulator "emulator-kit" --all-features
only ephysio-emulator "emulator-kit" --all-features

for package in $packages; do
    for top in $tops; do
        # It calls the service's own parsers too; it is for tests, and nothing uses it.
        [ "$package" = hostile-inputs ] && continue
        [ "$package" = "$top" ] || never "$package" "$top" "nothing depends on examples, benches or hostile-inputs" --all-features
    done
    has "$tops" "$package" && continue
    case $package in
        sync-core | sync-http | storage-sqlx | ghl-client | ephysio-client | emulator-kit | ghl-emulator | ephysio-emulator) ;;
        *) wrong "$package has no rule: say in scripts/check-dependencies.sh what it may use" ;;
    esac
done

# ---- other people's packages ---------------------------------------------------------------------------------------

never sync-core "reqwest hyper axum sqlx sqlx-core" "the engine has no HTTP and no SQL" --all-features
never clinic-sync "ghl-emulator ephysio-emulator emulator-kit" "a release has no emulator" --no-default-features

everything=$(cargo tree --locked --quiet --workspace --all-features -e normal,build,dev --target all --prefix none --format '{p}' |
    awk 'NF { print $1 }' | sort -u)
for name in ring rsa openssl-sys; do
    if has "$everything" "$name"; then
        wrong "the workspace -> $name (aws-lc-rs is the only crypto library; find the way in: cargo tree --workspace --all-features --target all -i $name)"
    fi
done

# ---- the engine knows no vendor, by name either --------------------------------------------------------------------

# The three letters also occur inside words such as "roughly", so they count only at the start of a word.
vendor='(^|[^A-Za-z])[Gg][Hh][Ll]|[a-z](Ghl|GHL)|[Gg][Oo].?[Hh][Ii][Gg][Hh].?[Ll][Ee][Vv][Ee][Ll]|[Ee]-?[Pp][Hh][Yy][Ss][Ii][Oo]'
if grep -rnE -- "$vendor" sync-core >&2; then
    wrong "sync-core names a vendor (see the lines above)"
fi

[ "$failed" -eq 0 ] || exit 1
echo "ok: all arrows point the right way"
