"""`Archive` on damage and malice: every cut and flipped bit, and what would do harm, refused by name."""

import gzip
import io
import random
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import turboshard as ts

from .archives import as_read, tar_of, zip_of


def zip64_of(files: dict[str, bytes]) -> bytes:
    """A zip in which every number that may stand in 64 bits does, here and in its directory."""
    whole = zip_of(files)
    end = whole.index(b"PK\5\6")
    at = struct.unpack("<I", whole[end + 16 : end + 20])[0]
    entries = bytearray()
    place = at
    while place < end:
        entry = bytearray(whole[place : place + 46])
        packed, size, name, extra = struct.unpack("<IIHH", entry[20:32])
        offset = struct.unpack("<I", entry[42:46])[0]
        assert extra == 0
        entry[20:28], entry[42:46] = b"\xff" * 8, b"\xff" * 4
        entry[30:32] = struct.pack("<H", 28)
        entries += entry + whole[place + 46 : place + 46 + name]
        entries += struct.pack("<HHQQQ", 1, 24, size, packed, offset)
        place += 46 + name
    count = len(files)
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(entries), at)
    locator = struct.pack("<IIQI", 0x07064B50, 0, at + len(entries), 1)
    last = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return whole[:at] + bytes(entries) + record + locator + last


def lying64(place: int, value: int) -> bytes:
    """A zip of 64 bits with another number at a place behind the mark of its directory's end."""
    whole = bytearray(zip64_of({"a": b"x" * 1000, "b": b"y" * 1000}))
    at = whole.index(b"PK\6\6") + place
    whole[at : at + 8] = struct.pack("<Q", value)
    return bytes(whole)


def lying_entry64(number: int, value: int) -> bytes:
    """The same with another size, packed size or offset of its first entry."""
    whole = bytearray(zip64_of({"a": b"x" * 1000, "b": b"y" * 1000}))
    at = whole.index(b"PK\1\2") + 46 + 1 + 4 + 8 * number
    whole[at : at + 8] = struct.pack("<Q", value)
    return bytes(whole)


def cuts(data: bytes) -> Iterator[bytes]:
    yield from (data[:end] for end in range(0, len(data), max(1, len(data) // 300)))


@pytest.mark.parametrize("form", ["zip", "zip64", "tar.gz", "tar"])
def test_a_cut_is_never_unseen(tmp_path: Path, form: str) -> None:
    files = {f"{n}.txt": random.Random(n).randbytes(300) for n in range(5)}
    whole = {
        "zip": zip_of(files),
        "zip64": zip64_of(files),
        "tar": tar_of(files)[: 5 * 1024 + 1024],
        "tar.gz": gzip.compress(tar_of(files)),
    }[form]
    path = tmp_path / "a"
    refused = 0
    for data in cuts(whole):
        path.write_bytes(data)
        with pytest.raises(ts.ShardError):
            as_read(ts.Archive(path))
        refused += 1
    assert refused > 250


@pytest.mark.parametrize("form", ["zip", "zip64", "tar.gz"])
def test_no_flipped_bit_gives_other_bytes(tmp_path: Path, form: str) -> None:
    files = {f"{n}.txt": random.Random(n).randbytes(40) * 9 for n in range(4)}
    whole = {
        "zip": zip_of(files),
        "zip64": zip64_of(files),
        "tar.gz": gzip.compress(tar_of(files), mtime=0),
    }[form]
    path = tmp_path / "a"
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        try:
            found = as_read(ts.Archive(path))
        except ts.ShardError:
            refused += 1
            continue
        # A name in a zip has no checksum, but it stands there twice.
        assert found == files, place
    assert refused > len(whole) // 2


def link_in_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    return out.getvalue()


def link_in_zip() -> bytes:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def overlapping() -> bytes:
    """Two entries of the directory that share one local entry, as a bomb's do."""
    whole = zip_of({"a": b"x" * 1000, "b": b"x" * 1000})
    directory = whole.index(b"PK\1\2")
    second = whole.index(b"PK\1\2", directory + 4)
    return whole[: second + 42] + struct.pack("<I", 0) + whole[second + 46 :]


def disagreeing() -> bytes:
    """The local header names another file than the directory."""
    whole = zip_of({"aaaa": b"x" * 1000})
    return whole.replace(b"aaaa", b"bbbb", 1)


def twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "2")
    return out.getvalue()


def lying() -> bytes:
    """A few bytes that claim to be a gigabyte, in both headers."""
    whole = bytearray(zip_of({"a": b"x"}))
    directory = whole.index(b"PK\1\2")
    whole[22:26] = whole[directory + 24 : directory + 28] = struct.pack("<I", 1 << 30)
    return bytes(whole)


def zipped_zeros() -> bytes:
    return zip_of({"zeros": bytes(64 << 20)})


def squeezed_zeros() -> bytes:
    return gzip.compress(tar_of({"zeros": bytes(64 << 20)}))


HOSTILE = {
    "traversal.zip": (zip_of({"../../x": b"1"}), "out of its folder"),
    "absolute.zip": (zip_of({"/etc/x": b"1"}), "out of its folder"),
    "traversal.tar": (tar_of({"a/../../x": b"1"}), "out of its folder"),
    "traversal.tar.gz": (gzip.compress(tar_of({"../x": b"1"})), "out of its folder"),
    "link.tar": (link_in_tar(), "link"),
    "link.tar.gz": (gzip.compress(link_in_tar()), "link"),
    "link.zip": (link_in_zip(), "link"),
    "overlap.zip": (overlapping(), "share bytes"),
    "mismatch.zip": (disagreeing(), "differ"),
    "twice.zip": (twice(), "twice"),
    "twice.tar": (tar_of({"a": b"1"})[:1024] + tar_of({"a": b"2"}), "twice"),
    "lying.zip": (lying(), "bomb"),
    "zeros.zip": (zipped_zeros(), "bomb"),
    "zeros.tar.gz": (squeezed_zeros(), "bomb"),
    "text": (b"just words\n" * 100, "not a tar"),
    "short": (b"words", "neither"),
}


LIES = {
    "more entries than bytes": lying64(32, 1 << 40),
    "more entries than there are": lying64(32, 3),
    "fewer entries than there are": lying64(32, 1),
    "a directory behind the end": lying64(48, 1 << 40),
    "a directory before the start": lying64(48, 2**64 - 8),
    "an entry of a terabyte": lying_entry64(0, 1 << 40),
    "an entry of more than there can be": lying_entry64(0, 2**64 - 1),
    "an entry packed in a terabyte": lying_entry64(1, 1 << 40),
    "an entry packed in more than there can be": lying_entry64(1, 2**64 - 1),
    "an entry behind the end": lying_entry64(2, 1 << 40),
    "an entry at no offset": lying_entry64(2, 2**64 - 1),
    "an entry in another's place": lying_entry64(2, 40),
}


@pytest.mark.parametrize("name", LIES)
def test_numbers_of_64_bits_are_not_believed(tmp_path: Path, name: str) -> None:
    whole = {"a": b"x" * 1000, "b": b"y" * 1000}
    path = tmp_path / "a.zip"
    path.write_bytes(zip64_of(whole))
    assert as_read(ts.Archive(path)) == whole
    # How long the directory is, its entries say themselves.
    path.write_bytes(lying64(40, 1 << 50))
    assert as_read(ts.Archive(path)) == whole
    path.write_bytes(LIES[name])
    with pytest.raises(ts.ShardError) as error:
        as_read(ts.Archive(path))
    assert error.value.shard == str(path)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dataset", ["headspace", "realy", "geogen", "ffhq-uv"])
def test_nothing_is_packed_of_what_would_do_harm(tmp_path: Path, dataset: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name][0])
    with pytest.raises(ts.ShardError):
        ts.pack(dataset, path, tmp_path / "release")
    assert not (tmp_path / "release/metadata/release_manifest.json").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_do_harm_is_refused(tmp_path: Path, name: str) -> None:
    data, words = HOSTILE[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ts.ShardError, match=words) as error:
        as_read(ts.Archive(path))
    assert error.value.shard == str(path)


def test_limits_are_the_callers(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped_zeros())
    assert ts.Archive(path, max_ratio=1100).read("zeros") == bytes(64 << 20)
    with pytest.raises(ts.ShardError, match="more than the limit of 1000"):
        ts.Archive(path, max_file_size=1000).read("zeros")


def test_a_wrong_checksum_is_named(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a": b"x" * 100}, zipfile.ZIP_STORED))
    data[60] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ts.ShardError, match="CRC-32") as error:
        ts.Archive(tmp_path / "a.zip").read("a")
    assert error.value.member == "a"
    squeezed = bytearray(gzip.compress(tar_of({"a": b"x" * 100})))
    squeezed[-8] ^= 1
    (tmp_path / "a.tgz").write_bytes(squeezed)
    with pytest.raises(ts.ShardError, match="CRC-32"):
        ts.Archive(tmp_path / "a.tgz")


def test_other_compressions_are_refused_by_name(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", "1" * 1000)
    (tmp_path / "a.zip").write_bytes(out.getvalue())
    with pytest.raises(ts.ShardError, match="unsupported"):
        ts.Archive(tmp_path / "a.zip").read("a")
