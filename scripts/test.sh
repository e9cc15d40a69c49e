#!/usr/bin/env bash
# Everything that must hold before a change goes in, on a machine with Debian and a Rust toolchain.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/test.sh [--without-contract]

Formatting, lints, tests, documentation, and the rules that only a script can check.

The store is tested on SQLite and on PostgreSQL. PostgreSQL is installed if it is missing, and runs as a private server in a
folder that is removed at the end.

The requests of ghl-client are also checked against GoHighLevel's published OpenAPI files. They are theirs, so they
are not in this repository: point GHL_OPENAPI_DIR to a copy of them. Without a copy those tests do not run, and
this script says so; where CI=true that is a failure.

  --without-contract   leave these tests out on purpose, in CI too
TEXT
}

without_contract=no
for argument in "$@"; do
    case $argument in
        --without-contract) without_contract=yes ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done

root=$(CDPATH="" cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

step() { printf '\n==> %s\n' "$*"; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo: $*"
    fi
}

# ---- what the tests need -------------------------------------------------------------------------------------------

# rustup puts cargo into the PATH of login shells only.
if ! command -v cargo >/dev/null && [ -f "${CARGO_HOME:-$HOME/.cargo}/env" ]; then
    # shellcheck source=/dev/null
    . "${CARGO_HOME:-$HOME/.cargo}/env"
fi
command -v cargo >/dev/null || fail "cargo is not installed; see https://rustup.rs"

# aws-lc-sys and the bundled SQLite are C. Both come with their bindings, so neither cmake nor clang is needed.
if ! command -v cc >/dev/null; then
    command -v apt-get >/dev/null || fail "a C compiler is needed, and there is no apt-get to install one with"
    step "installing a C compiler"
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends build-essential
fi

# rustup's minimal profile has neither.
for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 && continue
    command -v rustup >/dev/null || fail "cargo $component is missing, and there is no rustup to add it with"
    step "installing cargo $component"
    rustup component add "${component/fmt/rustfmt}"
done

# Debian keeps the programs of its PostgreSQL servers out of the PATH.
postgres_programs() {
    local found
    found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    found=${found:-$(command -v initdb)} && dirname "$found"
}

if ! postgres_programs >/dev/null; then
    command -v apt-get >/dev/null || fail "PostgreSQL is needed, and there is no apt-get to install it with"
    step "installing PostgreSQL"
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql
    postgres_programs >/dev/null || fail "PostgreSQL was installed, and its programs are not in /usr/lib/postgresql"
fi
postgres=$(postgres_programs)

# ---- GoHighLevel's own contract ------------------------------------------------------------------------------------

no_contract() {
    unset GHL_OPENAPI_DIR GHL_WEBHOOKS_DIR
    export CLINIC_SYNC_WITHOUT_CONTRACT=1
    cat <<TEXT

********************************************************************************
  The contract tests DO NOT RUN: $1.
  Nothing compares our requests with GoHighLevel's own OpenAPI files.
********************************************************************************
TEXT
}

ways_out="point GHL_OPENAPI_DIR to a copy of GoHighLevel's OpenAPI files, or say --without-contract"
beside="$root/../shared/contract/ghl-openapi"
contract=""

if [ "$without_contract" = yes ]; then
    contract_missing="left out by --without-contract"
elif [ -n "${GHL_OPENAPI_DIR:-}" ]; then
    contract=$GHL_OPENAPI_DIR
    [ -d "$contract" ] || fail "GHL_OPENAPI_DIR is not a directory: $contract; $ways_out"
elif [ -d "$beside" ]; then
    contract=$beside
elif [ "${CI:-}" = true ]; then
    fail "CI must check the contract with GoHighLevel, and GHL_OPENAPI_DIR is not set; $ways_out"
else
    contract_missing="GHL_OPENAPI_DIR is not set"
fi

if [ -n "$contract" ]; then
    # Tests run in the folder of their package, so a relative path would not survive.
    contract=$(CDPATH="" cd "$contract" && pwd)
    [ -n "$(find -L "$contract" -name '*.json' -print -quit)" ] || fail "no OpenAPI file in $contract; $ways_out"
    unset CLINIC_SYNC_WITHOUT_CONTRACT
    export GHL_OPENAPI_DIR=$contract
    # Their examples of webhooks lie beside the OpenAPI files.
    export GHL_WEBHOOKS_DIR=${GHL_WEBHOOKS_DIR:-$(dirname "$contract")/ghl-webhooks}
    [ -d "$GHL_WEBHOOKS_DIR" ] || fail "GoHighLevel's examples of webhooks are not in $GHL_WEBHOOKS_DIR; point GHL_WEBHOOKS_DIR to them"
    step "the contract with GoHighLevel is checked against $GHL_OPENAPI_DIR"
else
    no_contract "$contract_missing"
fi

# ---- a PostgreSQL server of our own ---------------------------------------------------------------------------------

cluster=""

# The server refuses to run as root: then it runs as the user that its package brings.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$postgres_user" -- "$@")
    else
        "$@"
    fi
}

stop_postgres() {
    [ -n "$cluster" ] || return 0
    as_postgres "$postgres/pg_ctl" stop --pgdata "$cluster/data" --mode immediate --silent || true
    rm -rf "$cluster"
    cluster=""
}

# start_postgres: on loopback, on a port that is free. Nothing in it has to survive, so it waits for no disk.
start_postgres() {
    local attempt port
    postgres_user=postgres
    id "$postgres_user" >/dev/null 2>&1 || postgres_user=nobody
    trap stop_postgres EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    cluster=$(mktemp -d)
    if [ "$(id -u)" -eq 0 ]; then chown "$postgres_user" "$cluster"; fi
    as_postgres "$postgres/initdb" --pgdata "$cluster/data" --auth trust --username clinic_sync --encoding UTF8 --no-locale \
        --no-sync >"$cluster/initdb.log" 2>&1 || fail "PostgreSQL cannot make a cluster: $(cat "$cluster/initdb.log")"
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if as_postgres "$postgres/pg_ctl" start --pgdata "$cluster/data" --log "$cluster/data/log" --wait --silent \
            --options "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 \
                -c fsync=off -c full_page_writes=off" 2>"$cluster/start.log"; then
            export CLINIC_SYNC_TEST_POSTGRES=postgres://clinic_sync@127.0.0.1:$port/postgres
            return
        fi
    done
    fail "PostgreSQL does not start; the last of $attempt tries said: $(tail -n 5 "$cluster/data/log")"
}

# ---- checks, the quick ones first ----------------------------------------------------------------------------------

step "formatting"
cargo fmt --all --check

step "text"
scripts/check-text.sh

step "every disaster has its test"
scripts/check-disasters.sh

step "dependencies point one way"
scripts/check-dependencies.sh

# With PostgreSQL everywhere, here and in the tests and the documentation: so everything is built once. What is only true
# without it is looked at below.
step "lints: the workspace, with PostgreSQL"
cargo clippy --locked --workspace --all-targets --features clinic-sync/postgres -- -D warnings

step "lints: sync-core without \`testing\`"
cargo clippy --locked -p sync-core --all-targets -- -D warnings

step "lints: the clients without \`connector\`"
cargo clippy --locked -p ghl-client -p ephysio-client --all-targets -- -D warnings

step "lints: clinic-sync without \`demo\` and \`postgres\`"
cargo clippy --locked -p clinic-sync --no-default-features -- -D warnings

step "lints: storage-sqlx on one database"
cargo clippy --locked -p storage-sqlx --all-targets -- -D warnings
cargo clippy --locked -p storage-sqlx --no-default-features --features postgres -- -D warnings

step "starting PostgreSQL"
start_postgres

step "tests: the workspace, with PostgreSQL"
cargo test --locked --workspace --features clinic-sync/postgres --no-fail-fast
stop_postgres

step "tests: sync-core without \`testing\`"
cargo test --locked -p sync-core --no-fail-fast

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --features clinic-sync/postgres --no-deps

if [ -z "$contract" ]; then
    no_contract "$contract_missing"
fi
step "all good"
