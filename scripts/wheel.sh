#!/usr/bin/env bash
# Build the abi3 wheel (or, named `sdist`, the source distribution) and try it where nothing else is: import,
# doctor, one picture there and back.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${VENV:=.venv}"

rm -rf dist
if [ "${1:-wheel}" = sdist ]; then
    maturin sdist --quiet --out dist
else
    flags=(--release --locked --out dist)
    [ "${TURBOSHARD_ALLOW_NO_SIMD:-0}" != 1 ] || flags+=(--no-default-features)
    maturin build --quiet --interpreter "$VENV/bin/python" "${flags[@]}"
fi

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
"$VENV/bin/python" -m venv "$empty/venv"
"$empty/venv/bin/python" -m pip install --disable-pip-version-check --quiet dist/*
cd "$empty" # so that the sources are out of reach
venv/bin/turboshard --version
venv/bin/turboshard doctor
venv/bin/python - <<'PY'
import numpy as np
import turboshard as ts

ramp = np.linspace(0, 255, 64, dtype=np.uint8)
image = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(128)), axis=-1)
pixels = ts.decode(ts.encode(image, quality=95))
assert pixels.shape == (64, 64, 3), pixels.shape
assert np.abs(pixels.astype(int) - image).mean() < 4, "the picture came back another one"
print("encode and decode: good")
PY
cd - >/dev/null
ls -l dist
