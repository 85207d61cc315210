#!/usr/bin/env bash
# Every test: Rust, then Python. Arguments go to pytest, whose closing line is the last one printed.
set -euo pipefail
cd "$(dirname "$0")/.."

flags=(--locked --package turboshard)
[ "${TURBOSHARD_ALLOW_NO_SIMD:-0}" != 1 ] || flags+=(--no-default-features)
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run "${flags[@]}" --status-level fail --show-progress none
    cargo test "${flags[@]}" --doc --quiet # nextest does not run these
else
    cargo test "${flags[@]}" --no-fail-fast --quiet
fi
exec "$VENV/bin/python" -m pytest "$@"
