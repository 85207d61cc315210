"""JPEG's rarer processes: what Pillow decodes is decoded alike, more than eight bits are refused by name."""

import struct

import numpy as np
import pytest
from PIL import features

import turboshard as ts

from . import strategies as make
from .reference import image

# Before libjpeg-turbo 3 there was no lossless decoder in it.
PILLOW_LOSSLESS = int((features.version_feature("libjpeg_turbo") or "0").split(".")[0]) >= 3


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def lossless(pixels: image.Pixels, predictor: int, bits: int = 8) -> bytes:
    """A lossless JPEG (SOF3) of grey pixels: Huffman codes of five bits for the lengths of the differences."""
    height, width = pixels.shape
    values = pixels.astype(int)
    stream = ""
    for y in range(height):
        for x in range(width):
            left, above = values[y, x - 1] if x else 0, values[y - 1, x] if y else 0
            if y == 0 or x == 0:
                guess = left if y == 0 and x else above if y else 1 << (bits - 1)
            else:
                corner = values[y - 1, x - 1]
                guess = {1: left, 2: above, 3: corner, 4: left + above - corner, 7: (left + above) // 2}[
                    predictor
                ]
            difference = int(values[y, x] - guess)
            length = abs(difference).bit_length()
            low = difference if difference >= 0 else difference + (1 << length) - 1
            stream += f"{length:05b}" + (f"{low:0{length}b}" if length else "")
    stream += "1" * (-len(stream) % 8)
    data = bytes(int(stream[i : i + 8], 2) for i in range(0, len(stream), 8)).replace(b"\xff", b"\xff\0")
    counts = bytes([0, 0, 0, 0, 17, *[0] * 11])
    return (
        b"\xff\xd8"
        + segment(0xC3, struct.pack(">BHHB", bits, height, width, 1) + bytes([1, 0x11, 0]))
        + segment(0xC4, b"\0" + counts + bytes(range(17)))
        + segment(0xDA, bytes([1, 1, 0, predictor, 0, 0]))
        + data
        + b"\xff\xd9"
    )


@pytest.mark.parametrize("predictor", [1, 2, 3, 4, 7])
def test_lossless_of_eight_bits_is_what_was_encoded(predictor: int) -> None:
    pixels = make.picture(13, 17, 1, seed=predictor).reshape(13, 17)
    data = lossless(pixels, predictor)
    assert np.array_equal(ts.decode(data, mode="L"), pixels)
    if PILLOW_LOSSLESS:
        assert np.array_equal(image.decode(data, mode="L"), pixels)


@pytest.mark.parametrize("bits", [2, 12, 16])
@pytest.mark.parametrize("kind", ["baseline", "progressive", "lossless"])
def test_other_than_eight_bits_are_refused_by_name(bits: int, kind: str) -> None:
    pixels = make.picture(16, 16, 1)
    if kind == "lossless":
        data = lossless(pixels.reshape(16, 16), 1, bits=16)
    else:
        data = make.jpeg(pixels, mode="L", progressive=kind == "progressive")
    frame = next(at for marker in (b"\xff\xc0", b"\xff\xc2", b"\xff\xc3") if (at := data.find(marker)) > 0)
    data = data[: frame + 4] + bytes([bits]) + data[frame + 5 :]
    with pytest.raises(ts.DecodeError, match=f"{bits}-bit JPEG"):
        ts.decode(data)
