"""The error path gives back what it took: memory stays flat over images that do not decode.

`make soak` sets TURBOSHARD_BAD_IMAGES to a hundred thousand.
"""

import os
import random
import sys
from pathlib import Path

import pytest

import turboshard as ts

from . import strategies as make

COUNT = int(os.environ.get("TURBOSHARD_BAD_IMAGES", "3000"))
SLACK = 2 << 20


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_flat_over_bad_images() -> None:
    chance = random.Random(3)
    good = [
        make.jpeg(make.picture(96, 80, 3, seed), quality=90, progressive=bool(seed % 2)) for seed in range(4)
    ]

    def bad(number: int) -> bytes:
        data = bytearray(good[number % 4])
        if number % 3 == 0:
            return bytes(data[: chance.randrange(len(data))])
        for _ in range(number % 7 + 1):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)

    images = [bad(number) for number in range(1000)]
    failed = 0

    def run() -> None:
        nonlocal failed
        for image in images:
            try:
                ts.decode(image, strict=True)
            except ts.DecodeError:
                failed += 1

    run()  # a flipped bit can ask for a large picture, whose scratch is kept
    assert failed > len(images) // 2, "most of them were to be bad"
    before = resident()
    for _ in range(COUNT // len(images)):
        run()
    assert resident() - before < SLACK
