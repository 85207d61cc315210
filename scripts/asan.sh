#!/usr/bin/env bash
# The C side under ASan and UBSan: shim and libjpeg-turbo are built with both, without assembler, and the image tests of the core
# run over whatever corpora there are. Needs gcc or clang with its sanitizers, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

work=${ASAN_DIR:-${TMPDIR:-/tmp}/turboshard-asan}
export CARGO_TARGET_DIR=$work/target
# Of UBSan's checks all but alignment, which libjpeg-turbo breaks on purpose where the processor allows it.
flags="-fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1"
export CFLAGS=$flags JSIMD_FORCENONE=1
# rustc links with -nodefaultlibs, so the runtimes must be named; and ASan's has to be the first library a process loads.
export RUSTFLAGS="-Clink-arg=-lasan -Clink-arg=-lubsan"
runner=CARGO_TARGET_$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')_RUNNER
export "$runner=env LD_PRELOAD=$("${CC:-cc}" -print-file-name=libasan.so)"
# Allocations that Rust's test harness keeps to the end are no leaks of ours.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1
cargo test --package turboshard --no-default-features --test jpeg_corpus --test codec --test verify_deep --test fuzz_replay "$@"
