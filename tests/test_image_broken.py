"""Pictures that are broken or odd: refused or taken as Pillow does."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile, features

import turboshard as ts

from . import strategies as make
from .reference import image

MODES = ["RGB", "L", "RGBA"]
PHOTO = make.jpeg(make.picture(90, 70, 3, 7), quality=90)


# ---------------------------------------------------------------- broken pictures


def pillow_takes(data: bytes, mode: str = "RGB") -> np.ndarray[Any, Any] | None:
    """Pillow's pixels, or None where it refuses."""
    try:
        return image.decode(data, mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def ours(data: bytes, **options: Any) -> np.ndarray[Any, Any] | None:
    """The library's pixels, or None where it refuses as it should: with a `DecodeError`."""
    try:
        pixels: np.ndarray[Any, Any] = ts.decode(data, **options)
    except ts.DecodeError:
        return None
    return pixels


def same(one: np.ndarray[Any, Any] | None, other: np.ndarray[Any, Any] | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 60)), st.data())
def test_a_cut_picture_is_refused(case: make.JpegCase, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(case.data) - 2))
    assert ours(case.data) is not None
    assert ours(case.data[:at]) is None
    assert pillow_takes(case.data[:at]) is None


def scan_start(data: bytes) -> int:
    """Where the first scan's entropy-coded bytes start."""
    at = 2
    while data[at + 1] != 0xDA:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 60)), st.data())
def test_a_flipped_bit_in_a_scan_gives_what_pillow_gives(case: make.JpegCase, data: st.DataObject) -> None:
    start = scan_start(case.data) * 8
    broken = make.flip(case.data, data.draw(st.integers(start, len(case.data) * 8 - 17)))
    assert same(ours(broken), pillow_takes(broken))


@given(st.binary(max_size=200))
def test_what_is_no_picture_is_refused(junk: bytes) -> None:
    assert ours(junk) is None
    assert ours(b"\xff\xd8" + junk) is None


@given(make.jpegs(modes=["RGB", "L"], sides=st.integers(1, 40)), st.data())
def test_any_flip_is_a_picture_or_a_decode_error(case: make.JpegCase, data: st.DataObject) -> None:
    broken = make.flip(case.data, data.draw(st.integers(0, len(case.data) * 8 - 1)))
    pixels = ours(broken)
    assert pixels is None or pixels.dtype == np.uint8
    assert np.array_equal(ts.decode(PHOTO), image.decode(PHOTO)), "the decoder must be as good as new"


def test_fill_returns_what_could_be_decoded() -> None:
    data = make.jpeg(make.picture(200, 120, 3, 3), quality=90, subsampling=0)
    cut = data[: len(data) // 2]
    with pytest.raises(ts.DecodeError, match="truncated"):
        ts.decode(cut)
    whole, part = ts.decode(data), ts.decode(cut, truncated="fill")
    assert part.shape == whole.shape
    good = int((part == whole).all(axis=(1, 2)).argmin())
    assert 60 <= good <= 140, "about half of the rows are whole"
    assert np.array_equal(part[:good], whole[:good])
    # Whole blocks below the break hold one colour, as nothing is known of them.
    assert np.ptp(part[-8:, :8].reshape(-1, 3), axis=0).max() == 0


def test_fill_equals_pillows_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = make.jpeg(make.picture(100, 120, 1, 3), "L", quality=90)
    for at in range(scan_start(data) + 1, len(data), 97):
        assert np.array_equal(
            ts.decode(data[:at], mode="L", truncated="fill"), image.decode(data[:at], "L")
        ), at


def test_fill_needs_a_header() -> None:
    with pytest.raises(ts.DecodeError):
        ts.decode(PHOTO[:20], truncated="fill")


def with_junk_before_the_last_marker(data: bytes) -> bytes:
    assert data.endswith(b"\xff\xd9")
    return data[:-2] + b"\x12\x34\x56" + data[-2:]


def test_a_warning_passes_unless_strict() -> None:
    odd = with_junk_before_the_last_marker(
        make.jpeg(make.picture(16, 16, 1, 1), "L", restart_marker_blocks=1)
    )
    odd = make.jpeg(make.picture(16, 16, 1, 1), "L", restart_marker_blocks=1)
    # The second restart marker becomes the third: libjpeg warns and resynchronises.
    at = odd.index(b"\xff\xd1", scan_start(odd))
    odd = odd[:at] + b"\xff\xd2" + odd[at + 2 :]
    assert same(ours(odd), pillow_takes(odd))
    assert ours(odd) is not None
    with pytest.raises(ts.DecodeError, match="warn"):
        ts.decode(odd, strict=True)


@given(make.jpegs(modes=["RGB", "L", "CMYK"]))
def test_strict_takes_every_sound_picture(case: make.JpegCase) -> None:
    assert np.array_equal(ts.decode(case.data, strict=True), image.decode(case.data))


def declared(data: bytes, height: int, width: int) -> bytes:
    """The picture with another size in its frame header."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def test_a_bomb_is_refused_before_anything_is_allocated() -> None:
    bomb = declared(make.jpeg(make.picture(16, 16, 3, 0)), 65_000, 65_000)
    with pytest.raises(ts.DecodeError, match=r"4225000000|4,225,000,000"):
        ts.decode(bomb)
    with pytest.raises(ts.DecodeError):
        ts.decode(bomb, size=16, reduce=8)


def test_scans_beyond_any_encoders_are_refused() -> None:
    """Each scan is a pass over the whole picture, and an empty one is a few bytes of file."""
    data = make.jpeg(make.picture(16, 16, 1), mode="L", progressive=True)
    start = data.index(b"\xff\xda")
    end = next(at for at in range(start + 2, len(data)) if data[at] == 0xFF and data[at + 1] not in (0, 0xFF))
    again = data[start:end]
    assert ts.decode(data[:start] + 400 * again + data[end:], mode="L").shape == (16, 16)
    with pytest.raises(ts.DecodeError, match="more than 500 scans"):
        ts.decode(data[:start] + 600 * again + data[end:], mode="L")


def test_a_large_picture_warns_as_pillow_does() -> None:
    file = io.BytesIO()
    Image.new("L", (9_500, 9_500), 77).save(file, "JPEG")
    with pytest.warns(ts.DecompressionBombWarning, match=r"90250000|90,250,000"):
        small = ts.decode(file.getvalue(), mode="L", reduce=8)
    assert small.shape == (1188, 1188)
    assert (small == 77).all()


# ---------------------------------------------------------------- files of other people


# libjpeg-turbo inside this Pillow; the library's own is 3.
OLD_LIBJPEG = int((features.version_feature("libjpeg_turbo") or "0").split(".")[0]) < 3
SMOOTHED = "the scans break off, and how what is missing is smoothed changed with libjpeg-turbo 3"

# Where the library and Pillow differ over the public corpus, and why that is meant.
EXCEPTIONS: dict[str, str] = {}
if OLD_LIBJPEG:
    EXCEPTIONS |= {f"wuffs/data__peacock.progressive.scan{n:03d}.jpeg": SMOOTHED for n in range(9)}
    EXCEPTIONS["afl-edges/images__id_000903,src_000177,op_havoc,rep_2.jpg"] = (
        "libjpeg-turbo 3 refuses two frame headers"
    )


def grey_within(one: image.Pixels | None, other: image.Pixels | None, mode: str) -> bool:
    """True if both are grey pictures of this mode, as near as this Pillow's conversion to grey is to Pillow's."""
    if mode != "L" or one is None or other is None:
        return False
    return image.distance(one, other) <= image.GREY_LEVELS


def corpus_files(corpus: Path) -> list[Path]:
    found = sorted(p for p in (corpus / "jpeg").rglob("*") if p.suffix in {".jpg", ".jpeg", ".mpo"})
    assert len(found) > 200
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", MODES)
def test_the_corpus_decodes_as_in_pillow(corpus: Path, mode: str) -> None:
    differ, taken = {}, 0
    for path in corpus_files(corpus):
        data = path.read_bytes()
        expected, found = pillow_takes(data, mode), ours(data, mode=mode)
        taken += expected is not None
        if not (same(found, expected) or grey_within(found, expected, mode)):
            what = ["refused" if p is None else f"{p.shape} {int(p.sum())}" for p in (found, expected)]
            differ[str(path.relative_to(corpus / "jpeg"))] = " but Pillow: ".join(what)
    assert taken > 150
    unexplained = {name: what for name, what in differ.items() if name not in EXCEPTIONS}
    assert not unexplained
    assert set(EXCEPTIONS) <= set(differ) or mode != "RGB", "an exception that is none any more"


@pytest.mark.filterwarnings("ignore")
def test_a_bad_file_leaves_the_next_one_good(corpus: Path) -> None:
    expected, bad = image.decode(PHOTO), 0
    for path in corpus_files(corpus):
        bad += ours(path.read_bytes()) is None
        assert np.array_equal(ts.decode(PHOTO), expected), path
    assert bad > 30
