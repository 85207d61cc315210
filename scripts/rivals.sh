#!/usr/bin/env bash
# Install the contenders of the benchmarks. pillow-simd is compiled from source with AVX2, into an environment
# of its own: it and Pillow are both called PIL.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh
: "${VENV:=.venv}" "${VENV_SIMD:=.venv-simd}"

scripts/setup.sh rivals

has_header() { echo "#include <stdio.h>
#include <$1>" | cc -E - >/dev/null 2>&1; }
has_header jpeglib.h || want "libjpeg-turbo's headers (pillow-simd)" libjpeg62-turbo-dev libjpeg-turbo-devel libjpeg-turbo-dev libjpeg-turbo jpeg-turbo
has_header zlib.h || want "zlib's headers (pillow-simd)" zlib1g-dev zlib-devel zlib-dev zlib zlib
"$VENV/bin/python" -c 'import turbojpeg; turbojpeg.TurboJPEG()' 2>/dev/null ||
    want "libturbojpeg (PyTurboJPEG)" libturbojpeg0 turbojpeg libjpeg-turbo libjpeg-turbo jpeg-turbo
install_wanted

case $(uname -m) in
    x86_64 | amd64) ;;
    *) say "pillow-simd has no SIMD on $(uname -m); left out" && exit 0 ;;
esac
stamp=$VENV_SIMD/.turboshard-simd
if ! cmp -s requirements/simd.txt "$stamp"; then
    say "building pillow-simd in $VENV_SIMD"
    "$VENV/bin/python" -m venv --clear "$VENV_SIMD"
    CC="cc -mavx2" "$VENV_SIMD/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes \
        --no-binary pillow-simd -r requirements/simd.txt
    # The library itself, as built for $VENV: the module is abi3 and lies beside the sources.
    "$VENV_SIMD/bin/python" - "$PWD/python" <<'PY'
import pathlib, sys, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "turboshard.pth").write_text(sys.argv[1] + "\n")
PY
    cp requirements/simd.txt "$stamp"
fi
"$VENV_SIMD/bin/python" -c 'import PIL; from PIL import features; print("pillow-simd", PIL.__version__, "libjpeg", features.version("jpg"))'
