#!/usr/bin/env bash
# Every check that needs no data. All of them run, so that one run shows all there is to mend.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

failed=()
check() { # check NAME COMMAND…
    local name=$1
    shift
    if "$@"; then
        echo "$name: good"
    else
        failed+=("$name")
    fi
}

features=()
[ "${TURBOSHARD_ALLOW_NO_SIMD:-0}" != 1 ] || features=(--no-default-features)

check "ruff check" ruff check --quiet .
check "ruff format" ruff format --quiet --check .
check mypy python -m mypy --no-error-summary
check stubtest python -m mypy.stubtest --concise --mypy-config-file pyproject.toml turboshard
check rustfmt cargo fmt --all --check
check clippy cargo clippy --quiet --locked --workspace --all-targets ${features[@]+"${features[@]}"} -- --deny warnings

if [ ${#failed[@]} -gt 0 ]; then
    printf 'lint failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
