"""What goes wrong, as a type and a place: one table of damage, and the manners of the exceptions."""

import copy
import gzip
import pickle
import tarfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import turboshard as ts

from . import strategies as make
from .reference import shard as reference
from .reference import tar

CLASSES = [ts.ShardError, ts.DecodeError, ts.DigestMismatch]

# Three members: a picture in one sample, a long name and JSON in the next. Offsets below are counted by hand:
# 0 header of A; 512 its 600 bytes, to 1,536; 1,536 L record of B, 2,048 its name, 2,560 header, 3,072 data;
# 3,584 L record of C, 4,096 its name, 4,608 header, 5,120 data; 5,632 end marker, to 6,656.
A, B, C = "a.jpg", "k" * 120 + ".jpg", "k" * 120 + ".json"
SOUND = tar.archive([(A.encode(), b"1" * 600), (B.encode(), b"22"), (C.encode(), b"{}")])


def special(kind: bytes) -> bytes:
    """A member that is no regular file, in front of the sound ones."""
    info = tarfile.TarInfo("odd.jpg")
    info.type, info.linkname = kind, "a.jpg"
    return info.tobuf(tarfile.USTAR_FORMAT) + SOUND


def pax_global(keyword: str) -> bytes:
    """A global header that sets what only a member may have."""
    return tarfile.TarInfo.create_pax_global_header({keyword: "x"}) + SOUND


@dataclass(frozen=True)
class Damage:
    """Bytes of a shard, and the place the error must name."""

    data: bytes
    offset: int
    member: str | None = None
    words: str = ""


DAMAGE = {
    "empty file": Damage(b"", 0),
    "text": Damage(b"This is a text file, not a tar.\n" * 40, 0, words="not a tar"),
    "short text": Damage(b"hello\n", 0),
    "compressed": Damage(gzip.compress(SOUND), 0, words="compressed"),
    "cut in a header": Damage(SOUND[:2700], 1536),
    "cut in a long name": Damage(SOUND[:2100], 1536),
    "cut after a long name": Damage(SOUND[:2560], 1536),
    "cut in a payload": Damage(SOUND[:700], 0, A, "truncated"),
    "cut in padding": Damage(SOUND[:3100], 1536, B, "truncated"),
    "no end marker": Damage(SOUND[:5632], 5632, words="end marker"),
    "one zero block": Damage(SOUND[:6144], 5632, words="end marker"),
    "garbage behind": Damage(SOUND + b"\0\0x", 6658),
    "second shard behind": Damage(SOUND + SOUND, 6656),
    "flipped bit in a header": Damage(make.flip(SOUND, 2570 * 8), 2560, words="checksum"),
    "flipped bit in the first header": Damage(make.flip(SOUND, 3 * 8), 0),
    "zeroed header": Damage(make.zero_block(SOUND, 5), 1536),
    "zeroed first header": Damage(make.zero_block(SOUND, 0), 0),
    "zeroed header behind its long name": Damage(make.zero_block(SOUND, 9), 3584),
    "size beyond the file": Damage(tar.header(b"a.jpg", 10**9) + bytes(2048), 0, "a.jpg", "truncated"),
    "negative size": Damage(make.with_sum(SOUND[:124] + b"\xff" * 12 + SOUND[136:512]) + SOUND[512:], 0),
    "size that is no number": Damage(
        make.with_sum(SOUND[:124] + b"12hundred  \0" + SOUND[136:512]) + SOUND[512:], 0
    ),
    "symbolic link": Damage(special(tarfile.SYMTYPE), 0, "odd.jpg", "link"),
    "hard link": Damage(special(tarfile.LNKTYPE), 0, "odd.jpg", "link"),
    "device": Damage(special(tarfile.CHRTYPE), 0, "odd.jpg", "regular"),
    "unknown type": Damage(special(b"Q"), 0, "odd.jpg", "type"),
    "global path": Damage(pax_global("path"), 0),
    "global size": Damage(pax_global("size"), 0),
    "doubled field": Damage(tar.archive([(b"a.jpg", b""), (b"a.JPG", b"")]), 512, "a.JPG", "twice"),
    "scattered sample": Damage(
        tar.archive([(b"b.jpg", b""), (b"a.jpg", b""), (b"b.json", b"")]),
        1024,
        "b.json",
        "next to each other",
    ),
    "name for nobody": Damage(SOUND[:5632] + SOUND[1536:2560] + bytes(1024), 5632),
}


def test_the_table_damages_what_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(SOUND)
    assert [(m.name, m.header, m.offset) for m in reference.members(path)] == [
        (A, 0, 512),
        (B, 1536, 3072),
        (C, 3584, 5120),
    ]
    assert len(SOUND) == 6656
    assert len(ts.Shard(path)) == 2
    assert all(damage.data != SOUND for damage in DAMAGE.values())


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_a_shard_error_with_its_place(tmp_path: Path, name: str) -> None:
    damage, path = DAMAGE[name], tmp_path / "x.tar"
    path.write_bytes(damage.data)
    with pytest.raises(ts.ShardError) as caught:
        ts.Shard(path)
    error = caught.value
    assert type(error) is ts.ShardError
    assert (error.shard, error.offset) == (str(path), damage.offset)
    if damage.member is not None:
        assert error.member == damage.member
    assert damage.words in str(error)
    assert str(path) in str(error)
    assert f"offset {damage.offset}" in str(error)


def test_the_operating_systems_errors_stay_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        ts.Shard(tmp_path / "none.tar")
    assert caught.value.filename == str(tmp_path / "none.tar")
    assert caught.value.errno
    with pytest.raises(OSError, match=r"."):
        ts.Shard(tmp_path)
    with pytest.raises(OSError, match=r"."):
        ts.Shard("/dev/null")


@pytest.mark.parametrize("path", [5, None, b"x\0y", "x\0y", ["a"]])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises((TypeError, ValueError, OSError)):
        ts.Shard(path)  # type: ignore[arg-type]


# ---------------------------------------------------------------- manners


@pytest.mark.parametrize("kind", CLASSES)
def test_family(kind: type[ts.ShardError]) -> None:
    assert issubclass(kind, ts.ShardError)
    assert issubclass(kind, ValueError)
    assert kind.__module__ == "turboshard"
    assert getattr(ts, kind.__name__) is kind


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        lambda e: pickle.loads(pickle.dumps(e)),
        lambda e: pickle.loads(pickle.dumps(e, 2)),
    ],
    ids=["copy", "deepcopy", "pickle", "pickle-2"],
)
def test_attributes_survive(
    kind: type[ts.ShardError], again: Callable[[ts.ShardError], ts.ShardError]
) -> None:
    for error in (
        kind("words"),
        kind("words", shard="x.tar", member="a.jpg", offset=512),
        kind("w", offset=0),
    ):
        other = again(error)
        assert type(other) is kind
        assert str(other) == str(error)
        assert (other.shard, other.member, other.offset) == (error.shard, error.member, error.offset)


@pytest.mark.parametrize("kind", CLASSES)
def test_one_string_is_enough(kind: type[ts.ShardError]) -> None:
    error = kind("only words")
    assert str(error) == "only words"
    assert (error.shard, error.member, error.offset) == (None, None, None)
    # torch rebuilds an exception in the parent from its class and the text of its traceback.
    text = "".join(traceback.format_exception(error))
    assert "only words" in str(kind(text))


def test_the_place_is_in_the_text() -> None:
    error = ts.ShardError("bad", shard="x.tar", member="a.jpg", offset=0)
    assert "bad" in str(error)
    for part in ("x.tar", "a.jpg", "offset 0"):
        assert part in str(error)


def test_a_real_error_survives_pickle(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(SOUND[:700])
    with pytest.raises(ts.ShardError) as caught:
        ts.Shard(path)
    other = pickle.loads(pickle.dumps(caught.value))
    assert (str(other), other.shard, other.member, other.offset) == (str(caught.value), str(path), A, 0)


def test_subclasses_pickle_too() -> None:
    other = pickle.loads(pickle.dumps(Own("words", shard="s")))
    assert type(other) is Own
    assert other.shard == "s"


class Own(ts.ShardError):
    """A user's own error."""
