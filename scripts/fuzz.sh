#!/usr/bin/env bash
# Every fuzz target in turn, under ASan, with the stable compiler: SECONDS_EACH (60), TARGETS (all), SEED (a new one
# each time). What is found lies in rust/fuzz/artifacts; new inputs go to a corpus outside the repository, from which
# `scripts/fuzz.sh --minimise` brings in what covers something new.
set -euo pipefail
cd "$(dirname "$0")/.."

each=${SECONDS_EACH:-60}
targets=${TARGETS:-tar pax index manifest sums jpeg obj options zip gzip pickle npy}
work=${FUZZ_DIR:-${TMPDIR:-/tmp}/turboshard-fuzz}
triple=$(rustc -vV | sed -n 's/^host: //p')
# libFuzzer's coverage and ASan are unstable flags; they are for this build alone and never for a release.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/target
export RUSTFLAGS="-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
# libjpeg-turbo is not instrumented here (scripts/asan.sh has a build of its own) and keeps its assembler, which the pixels are held
# to: coefficients that no picture has overflow to others in its C.
cargo build --quiet --release --manifest-path rust/fuzz/Cargo.toml --target "$triple"

for target in $targets; do
    corpus=rust/fuzz/corpus/$target found=$work/corpus/$target
    mkdir -p "$corpus" "$found" "rust/fuzz/artifacts/$target"
    binary=$CARGO_TARGET_DIR/$triple/release/$target
    if [ "${1:-}" = --minimise ]; then
        # What has a name was put there by hand and stays; the rest is chosen anew from all that was found.
        find "$corpus" -regextype posix-extended -regex '.*/[0-9a-f]{40}' -exec mv -t "$found" {} +
        "$binary" -merge=1 -max_len=4096 "$corpus" "$found" 2>/dev/null
        continue
    fi
    echo "fuzzing $target for $each s"
    "$binary" "$found" "$corpus" -max_total_time="$each" ${SEED:+-seed="$SEED"} -timeout=5 -rss_limit_mb=2048 -max_len=16384 \
        -artifact_prefix="rust/fuzz/artifacts/$target/" -print_final_stats=1 2>&1 |
        tee "$work/$target.log" | grep -E "ERROR|panicked|SUMMARY|stat::number_of_executed_units|stat::peak_rss|DONE" || true
    ! grep -qE "ERROR:|SUMMARY:" "$work/$target.log"
done
