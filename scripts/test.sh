#!/usr/bin/env bash
# Every test: Rust, then Python. Arguments go to pytest, whose closing line is the last one printed.
set -euo pipefail
cd "$(dirname "$0")/.."

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --package turboshard --status-level fail --show-progress none
    cargo test --locked --package turboshard --doc --quiet # nextest does not run these
else
    cargo test --locked --package turboshard --quiet
fi
exec "$VENV/bin/python" -m pytest "$@"
