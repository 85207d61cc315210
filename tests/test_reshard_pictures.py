"""What reshard makes of the pictures: their pixels, colours and Huffman tables."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import turboshard as ts

from .reference import image, release
from .releases import turboshard
from .resharding import COUNT, SAMPLES, SIDE, encoded, manifest, resharded


def test_pictures_are_pillows_within_a_level_before_jpeg(half: Path) -> None:
    compared = 0
    for new, old in zip(release.samples_of(half), encoded(SAMPLES), strict=True):
        for (name, small), (_, large) in zip(new, old, strict=True):
            if name.endswith(b".jpg"):
                assert image.decode(small).shape == (32, 32, 3)
                wanted = image.resize_in_one_call(image.decode(large), (32, 32))
                assert image.distance(ts.decode(large, size=32), wanted) <= image.SHRINK_LEVELS
                factors = Image.open(io.BytesIO(large)).layer[0][1:3]  # type: ignore[attr-defined]
                subsampling = {(1, 1): "444", (2, 1): "422", (2, 2): "420"}[factors]
                assert small == ts.encode(ts.decode(large, size=32), quality=95, subsampling=subsampling)
                assert (
                    image.psnr(image.decode(small), image.decode(image.encode(wanted, 95, subsampling))) > 40
                )
                compared += 1
    assert compared == 3 * COUNT


def test_ycc_makes_nearly_the_same_pictures_and_says_so(source: Path, half: Path, tmp_path: Path) -> None:
    made = tmp_path / "ycc"
    compared = 0
    samples = resharded(source, "--size", "32", "--space", "ycc", "--max-shard-size", "32KiB", out=made)
    for one, other in zip(samples, release.samples_of(half), strict=True):
        for (name, a), (other_name, b) in zip(one, other, strict=True):
            assert name == other_name
            if name.endswith(b".jpg"):
                # The luma alone, where the two ways differ by rounding and what chroma leaks into it.
                assert image.psnr(image.decode(a, "L"), image.decode(b, "L")) > 30
                compared += 1
            else:
                assert a == b
    assert compared == 3 * COUNT
    told = manifest(made)["provenance"]
    assert (told["space"], manifest(half)["provenance"]["space"]) == ("ycc", "rgb")
    with pytest.raises(ValueError, match="space ycc"):
        ts.reshard(source, tmp_path / "png", size=32, space="ycc", format="png")


def test_dct_halves_and_nothing_else(source: Path, tmp_path: Path) -> None:
    drawn, made = tmp_path / "drawn", tmp_path / "dct"
    turboshard("synth", drawn, "--identities", "1", "--size", "64")
    samples = resharded(drawn, "--size", "32", "--resample", "dct", out=made)
    compared = 0
    for one, other in zip(samples, release.samples_of(drawn), strict=True):
        for (name, a), (_, b) in zip(one, other, strict=True):
            if name.endswith(b".jpg"):
                wanted = ts.decode(b, size=32, resample="dct")
                assert a == ts.encode(wanted, quality=95, subsampling=ts.info(b)["subsampling"])
                compared += 1
    assert compared == 10
    assert manifest(made)["provenance"]["resample"] == "dct"
    for where, size in [(drawn, 21), (source, SIDE // 2)]:  # one of the source's pictures is 4:2:2
        with pytest.raises(ValueError, match="dct"):
            ts.reshard(where, tmp_path / f"refused{size}", size=size, resample="dct")


def test_optimize_alone_changes_nothing_but_huffman_tables(source: Path, tmp_path: Path) -> None:
    made = tmp_path / "optimized"
    saved = compared = 0
    samples = resharded(source, "--optimize", out=made)
    for one, other in zip(samples, release.samples_of(source), strict=True):
        for (name, a), (other_name, b) in zip(one, other, strict=True):
            assert name == other_name
            if name.endswith(b".jpg"):
                assert np.array_equal(image.decode(a), image.decode(b))
                assert tables(a, "quantization") == tables(b, "quantization")
                saved += len(b) - len(a)
                compared += 1
            else:
                assert a == b
    assert compared == 3 * COUNT
    assert saved > 0
    assert manifest(made)["quality"] is None, "the source does not say"
    assert manifest(made)["provenance"]["quality"] is None, "nothing was encoded anew"


def tables(data: bytes, name: str) -> Any:
    return getattr(Image.open(io.BytesIO(data)), name)


def test_optimize_goes_with_a_size(source: Path, half: Path, tmp_path: Path) -> None:
    options = ["--size", "32", "--optimize", "--max-shard-size", "32KiB"]
    samples = resharded(source, *options, out=tmp_path / "made")
    sizes = [0, 0]
    for one, other in zip(samples, release.samples_of(half), strict=True):
        for (_, a), (name, b) in zip(one, other, strict=True):
            if name.endswith(b".jpg"):
                assert np.array_equal(image.decode(a), image.decode(b))
                sizes = [sizes[0] + len(a), sizes[1] + len(b)]
    assert 0 < sizes[0] < sizes[1]
