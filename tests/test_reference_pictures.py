"""The oracle's pictures against golden pixels and the formula, and the strategies against what they claim."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import strategies as make
from .reference import digest, image, release, tar

HERE = Path(__file__).parent


# ---------------------------------------------------------------- pictures


def test_golden_pixels() -> None:
    # A grey block of 8×8 with one value has a DC coefficient only: quality 100 keeps it exactly.
    flat = make.jpeg(np.full((8, 8), 77, np.uint8), "L", quality=100)
    assert (image.decode(flat, "L") == 77).all()
    assert image.decode(flat).shape == (8, 8, 3)
    assert (image.decode(flat, "RGBA")[..., 3] == 255).all()
    # Pure red in JFIF's YCbCr rounds to (254, 0, 0).
    red = make.jpeg(np.full((16, 16, 3), (255, 0, 0), np.uint8), quality=100, subsampling=0)
    assert {tuple(p) for p in image.decode(red).reshape(-1, 3).tolist()} == {(254, 0, 0)}
    # ITU-R 601 grey of that: (254 · 19595 + 0x8000) >> 16 = 76.
    assert set(image.decode(red, "L").ravel().tolist()) == {76}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_eight_turns_by_hand(orientation: int) -> None:
    pixels = np.repeat(np.repeat(np.array([[10, 90, 170], [50, 130, 250]], np.uint8), 8, 0), 8, 1)
    data = make.jpeg(pixels, "L", quality=100, orientation=orientation)
    stored = image.decode(data, "L")
    turns = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].T,
        8: np.rot90(stored),
    }
    assert np.array_equal(image.decode(data, "L", exif=True), turns[orientation])


@given(make.jpegs(), st.data())
def test_crop_is_a_slice(case: make.JpegCase, data: st.DataObject) -> None:
    whole = image.decode(case.data)
    assert whole.shape == (case.height, case.width, 3) == (*image.shape(case.data), 3)
    y, x, h, w = data.draw(make.crops(case.height, case.width))
    assert np.array_equal(image.decode(case.data, crop=(y, x, h, w)), whole[y : y + h, x : x + w])


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90),
    st.sampled_from(sorted(image.FILTERS)), st.sampled_from([1, 3]), st.integers(0, 99),
)  # fmt: skip
def test_pillow_agrees_with_the_formula(
    h: int, w: int, oh: int, ow: int, resample: str, channels: int, seed: int
) -> None:
    pixels = make.picture(h, w, channels, seed)
    assert pixels.size
    theirs = image.resize(pixels, (oh, ow), resample)
    ours = image.resize_by_formula(pixels, (oh, ow), resample)
    # Fixed point against float64: a sum near one half may round either way, twice, and the negative lobes of
    # the second pass amplify what the first left.
    assert image.distance(theirs, ours) <= (0 if resample == "nearest" else 2)


@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60),
    st.sampled_from(sorted(image.FILTERS)), st.integers(0, 99),
)  # fmt: skip
def test_resize_is_one_call_of_pillow(h: int, w: int, oh: int, ow: int, resample: str, seed: int) -> None:
    pixels = make.picture(h, w, 1, seed)
    assert pixels.size
    turned = image.vertical_first((h, w), (oh, ow)) and resample != "nearest"
    if not (turned and int(PIL.__version__.split(".")[0]) < 13):
        one_call = image.resize_in_one_call(pixels, (oh, ow), resample)
        assert np.array_equal(image.resize(pixels, (oh, ow), resample), one_call)


def test_the_order_of_the_passes_by_hand() -> None:
    # Wide to narrow: horizontally first. Height alone shrinks: vertically. Square to square: horizontally.
    assert not image.vertical_first((100, 100), (100, 50))
    assert image.vertical_first((100, 100), (99, 100))
    assert image.vertical_first((100, 100), (49, 75))
    assert not image.vertical_first((100, 100), (50, 75))
    assert not image.vertical_first((1024, 1024), (512, 512))
    assert not image.vertical_first((10, 10), (20, 400))
    # A black and a white row, one of them clamped on the way: the order shows.
    pixels = np.array([[0, 78], [45, 51]], np.uint8)
    assert image.resize(pixels, (1, 3), "bicubic").tolist() == [[20, 44, 68]]


def test_formula_by_hand() -> None:
    row = np.array([[0, 100, 200, 40]], np.uint8)
    assert image.resize_by_formula(row, (1, 2), "box").tolist() == [[50, 120]]
    assert image.resize_by_formula(row, (1, 2), "nearest").tolist() == [[100, 40]]
    assert image.weights(4, 2, "box").tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    # Triangle over 4 pixels around 1.0: distances 0.25 and 0.75 of the stretched unit.
    assert np.allclose(image.weights(4, 2, "bilinear")[0], np.array([0.75, 0.75, 0.25, 0]) / 1.75)
    for name in image.KERNELS:
        assert np.allclose(image.weights(7, 3, name).sum(axis=1), 1)
        assert np.allclose(image.weights(5, 5, name), np.eye(5), atol=1e-12)


@given(make.jpegs(modes=["L", "RGB"], subsamplings=["4:4:4"], sides=st.sampled_from([16, 32, 48, 64])))
def test_reduce_by_two_is_a_box_mean(case: make.JpegCase) -> None:
    half = image.reduced(case.data, 2)
    assert half.shape[:2] == (case.height // 2, case.width // 2)
    full = image.decode(case.data, case.mode)
    clipped = (full == 0) | (full == 255)
    near = np.abs(half.astype(float) - image.box_mean(full, 2)) <= 2.5
    # The mean is taken before clipping in one case and after it in the other.
    assert (near | (image.box_mean(clipped.astype(np.uint8), 2) > 0)).mean() > 0.97


def test_distance_refuses_other_shapes() -> None:
    assert image.distance(np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)) == 255
    with pytest.raises(AssertionError, match="shapes"):
        image.distance(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))


# ---------------------------------------------------------------- what the strategies make is what they say


def test_every_dialect_is_what_it_says() -> None:
    members = [("a.jpg", b"1" * 600), ("a.json", b"{}")]
    made = {name: write(members) for name, write in make.DIALECTS.items()}
    assert made["v7"][257:263] == bytes(6)
    assert made["ustar"][257:265] == b"ustar\x0000"
    assert made["gnu"][257:265] == b"ustar  \0"
    assert made["pax-mtime"][156:157] == b"x"
    assert made["pax"][156:157] == b"0"
    case = make.SampleCase("k", (("json", b"{}"), ("frown.jpg", b"j")))
    assert b"mtime=" in make.writer_shard([case])[:1024]
    for data in made.values():
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            assert archive.getnames() == ["a.jpg", "a.json"]


@given(make.shards())
def test_header_offsets_and_end(case: make.ShardCase) -> None:
    offsets = make.header_offsets(case.data)
    end = make.end_of_members(case.data)
    assert offsets
    assert offsets[0] == 0
    assert end > offsets[-1]
    assert not any(case.data[end:])
    assert len(case.data) - end >= 1024


def test_manifest_problems_sees_each_problem(tmp_path: Path) -> None:
    data = tar.archive([(b"k.jpg", b"x"), (b"k.json", b"{}")])
    for folder in ["data", "metadata", "checksums"]:
        (tmp_path / folder).mkdir()
    (tmp_path / "data/n-000000.tar").write_bytes(data)
    entry = {"filename": "n-000000.tar", "size": len(data), "sha256": digest.sha256(data), "num_samples": 1}
    row = {"sample_key": "k", "identity": "i", "shard": "n-000000.tar", "num_expressions": 1}

    def write(entry: dict[str, object], row: dict[str, object], sums: str, count: int) -> list[str]:
        (tmp_path / "metadata/release_manifest.json").write_text(
            json.dumps({"num_samples": count, "shards": [entry]})
        )
        (tmp_path / "metadata/webdataset_samples.jsonl").write_text(json.dumps(row) + "\n")
        (tmp_path / "checksums/SHA256SUMS").write_text(sums)
        return release.manifest_problems(tmp_path)

    line = f"{entry['sha256']}  data/n-000000.tar\n"
    assert write(entry, row, line, 1) == []
    assert "size" in write({**entry, "size": 1}, row, line, 1)[0]
    assert "sha256" in write({**entry, "sha256": "0" * 64}, row, line, 1)[0]
    assert "num_samples" in write({**entry, "num_samples": 2}, row, line, 1)[0]
    assert "SHA256SUMS" in write(entry, row, line.replace(str(entry["sha256"]), "0" * 64), 1)[0]
    assert "num_samples" in write(entry, row, line, 7)[0]
    assert "jsonl" in write(entry, {**row, "sample_key": "z"}, line, 1)[0]
