#!/usr/bin/env bash
# Resolve pyproject.toml's dependencies into requirements/*.txt, for all platforms at once, with hashes.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${VENV:=.venv}"
[ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
"$VENV/bin/python" -m pip install --quiet "uv>=0.9"

compile() { # compile OUTPUT ARG…
    local out=$1
    shift
    "$VENV/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" --output-file "requirements/$out" "$@" pyproject.toml
    echo "requirements/$out: $(grep -c '==' "requirements/$out") packages"
}

compile dev.txt --group dev
compile interop.txt --group interop --constraints requirements/dev.txt
compile train.txt --group train --constraints requirements/dev.txt
compile rivals.txt --group rivals --constraints requirements/dev.txt
compile simd.txt --group simd --constraints requirements/dev.txt
