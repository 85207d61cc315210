"""Which path decodes a JPEG, and that it does not matter: libjpeg-turbo alone gives the same pixels."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

import turboshard as ts
from turboshard._core import decode_counts

from . import strategies as make

PHOTO = make.jpeg(make.picture(130, 170, 3, 7), quality=90)
CHILD = """
import hashlib, json, sys
import turboshard as ts
from turboshard._core import decode_counts
data = sys.stdin.buffer.read()
sums = [hashlib.sha256(ts.decode(data, reduce=r, mode=m)).hexdigest() for r in (1, 2, 4, 8) for m in ("RGB", "Y")]
print(json.dumps([ts.build_info()["jpeg_decoder"], decode_counts(), sums]))
"""


def test_usual_files_go_the_fast_way_and_others_do_not() -> None:
    has_fast = ts.build_info()["jpeg_decoder"] != "libjpeg-turbo"
    fast, libjpeg = decode_counts()
    ts.decode(PHOTO)
    assert decode_counts() == (fast + has_fast, libjpeg + (not has_fast))
    progressive = make.jpeg(make.picture(30, 20, 3, 7), progressive=True)
    fast, libjpeg = decode_counts()
    ts.decode(progressive)
    assert decode_counts() == (fast, libjpeg + 1)


def test_a_damaged_file_is_libjpegs() -> None:
    fast, _ = decode_counts()
    with pytest.raises(ts.DecodeError):
        ts.decode(PHOTO[: len(PHOTO) // 2])
    assert decode_counts()[0] == fast


@pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
def test_every_level_gives_the_same_pixels(level: str) -> None:
    expected = [
        hashlib.sha256(ts.decode(PHOTO, reduce=reduce, mode=mode)).hexdigest()
        for reduce in (1, 2, 4, 8)
        for mode in ("RGB", "Y")
    ]
    environment = {**os.environ, "TURBOSHARD_ISA": level}
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=PHOTO, env=environment, capture_output=True, check=True
    )
    decoder, (fast, libjpeg), sums = json.loads(child.stdout)
    assert sums == expected
    if level == "portable":
        assert decoder == "libjpeg-turbo"
    assert (fast, libjpeg) == ((0, 8) if decoder == "libjpeg-turbo" else (8, 0))
