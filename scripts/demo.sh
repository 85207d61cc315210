#!/usr/bin/env bash
# The main path, start to end: a 1024 release made, verified, derived to 512, checked by coreutils, loaded by
# webdataset's own README code, and each step held against today's tools. About a minute on two cores.
#
# DEMO_DIR         where (default demo-data); what an earlier demo left there is replaced
# DEMO_IDENTITIES  how many heads, ten images each (default 40)
set -euo pipefail
cd "$(dirname "$0")/.."

: "${VENV:=.venv}" "${DEMO_DIR:=demo-data}" "${DEMO_IDENTITIES:=40}"
big=$DEMO_DIR/reghead-1024
small=$DEMO_DIR/reghead-512
images=$((DEMO_IDENTITIES * 10))

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

step() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
now() { python -c 'import time; print(time.monotonic_ns())'; }
bytes() { cat "$1"/data/*.tar | wc -c; }

# run AMOUNT UNIT COMMAND…: shows the command, runs it, and says how fast it was.
run() {
    local amount=$1 unit=$2 begin end
    shift 2
    printf '%s$ %s%s\n' "$dim" "$*" "$plain"
    begin=$(now)
    "$@"
    end=$(now)
    awk -v a="$amount" -v u="$unit" -v t=$((end - begin)) -v d="$dim" -v p="$plain" \
        'BEGIN { printf "%s%.2f s, %.0f %s/s%s\n", d, t / 1e9, a * 1e9 / t, u, p }'
}

mkdir -p "$DEMO_DIR"
rm -rf "$big" "$small"

step "1. A 1024 release of $DEMO_IDENTITIES drawn heads, ten expressions each"
run "$images" images turboshard synth "$big" --identities "$DEMO_IDENTITIES" --max-shard-size 8MiB

step "2. Every shard against SHA256SUMS and the manifest"
run "$(($(bytes "$big") / 1000000))" MB turboshard verify "$big"

step "3. The 512 release derived from it"
run "$images" images turboshard reshard "$big" -o "$small" --size 512 --max-shard-size 4MiB

step "4. What a stranger would do with it: coreutils"
(cd "$small" && run "$(($(bytes .) / 1000000))" MB sha256sum -c checksums/SHA256SUMS)

step "5. What a trainer would do with it: webdataset's README code"
run "$images" images python scripts/demo_load.py "$small"

step "6. The same steps by today's tools, answers compared, contenders taking turns"
turboshard bench verify index resize reshard --data "$big" --cores all --rounds 2

step "Done: $big and $small"
