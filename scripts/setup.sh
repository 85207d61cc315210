#!/usr/bin/env bash
# Make a machine ready for work: system packages, virtual environment, release build. Run it as often as you
# like; what is up to date is skipped.
#
#   scripts/setup.sh [--no-build] [GROUP…]     GROUP: interop, train, rivals (requirements/GROUP.txt)
#
# VENV                      the environment to use (default .venv)
# PYTHON                    the interpreter to make it from (default: the newest of 3.11 and later on PATH)
# TURBOSHARD_ALLOW_NO_SIMD  1: build although the assembler of libjpeg-turbo's SIMD code is missing (3-4 times slower)
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh

: "${VENV:=.venv}"
build=1
groups=(dev)
for argument in "$@"; do
    case $argument in
        --no-build) build=0 ;;
        *) groups+=("$argument") ;;
    esac
done

allow_no_simd() { [ "${TURBOSHARD_ALLOW_NO_SIMD:-0}" = 1 ]; }

# --- what only the system can give -----------------------------------------------------------------------------
require_rust
require_system_tools
case $(uname -m) in
    x86_64 | amd64 | i?86) # elsewhere libjpeg-turbo's SIMD is C intrinsics
        command -v nasm >/dev/null || allow_no_simd || want nasm nasm ;;
esac
install_wanted
python=$(find_python)

# --- the virtual environment -----------------------------------------------------------------------------------
if ! "$VENV/bin/python" -c '' 2>/dev/null; then
    say "making $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV"
fi
for group in "${groups[@]}"; do
    stamp=$VENV/.turboshard-$group
    lock=requirements/$group.txt
    if ! cmp -s "$lock" "$stamp"; then
        say "installing $lock"
        "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes -r "$lock"
        cp "$lock" "$stamp"
    fi
done

# --- the extension module --------------------------------------------------------------------------------------
[ "$build" = 1 ] || exit 0
bin=$(cd "$VENV/bin" && pwd)
export PATH="$bin:$PATH"
flags=(--release --locked)
[ -t 2 ] || flags+=(--quiet) # cargo's progress is for people
if allow_no_simd; then
    say "TURBOSHARD_ALLOW_NO_SIMD=1: without an assembler this build decodes and encodes 3-4 times slower"
    flags+=(--no-default-features)
fi
stamp=$VENV/.turboshard-build
now=$(
    echo "$PWD ${TURBOSHARD_ALLOW_NO_SIMD:-0}"
    find Cargo.toml Cargo.lock pyproject.toml rust -type f -not -path '*/target/*' -print0 | LC_ALL=C sort -z | xargs -0 cksum
)
module=$(echo python/turboshard/_core*.so)
if [ ! -e "$module" ] || [ "$now" != "$(cat "$stamp" 2>/dev/null)" ]; then
    say "building in release mode (some minutes the first time)"
    rm -f "$stamp"
    PIP_QUIET=1 VIRTUAL_ENV=${bin%/bin} maturin develop "${flags[@]}"
    echo "$now" >"$stamp"
fi
say "ready: $VENV"
