"""`Archive`: folders, tars, gzipped tars and zips, held to tarfile, gzip and zipfile."""

import gzip
import json
import os
import pickle
import random
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts

from . import releases
from .archives import Files, as_read, noisy, tar_of, trees, zip_of
from .reference import digest


@given(trees, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]), st.booleans(), st.booleans())
def test_a_zip_is_what_zipfile_wrote(
    scratch: Path, files: Files, method: int, big: bool, streamed: bool
) -> None:
    path = scratch / "a.zip"
    path.write_bytes(zip_of(files, method, big=big, streamed=streamed))
    archive = ts.Archive(path)
    assert (archive.form, archive.names()) == ("zip", list(files))
    assert as_read(archive) == files


@given(
    trees, st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.integers(0, 9)
)
def test_a_gzipped_tar_is_what_gzip_wrote(scratch: Path, files: Files, form: int, level: int) -> None:
    try:
        tar = tar_of(files, form)
    except ValueError:  # ustar cannot hold every name
        tar = tar_of(files)
    plain, packed = scratch / "a.tar", scratch / "a.tar.gz"
    plain.write_bytes(tar)
    packed.write_bytes(gzip.compress(tar, level))
    for path, form_name in ((plain, "tar"), (packed, "tar.gz")):
        archive = ts.Archive(path, spacing=1000)
        assert (archive.form, archive.names()) == (form_name, list(files))
        assert as_read(archive) == files
    assert ts.Archive(packed).sha256 == digest.sha256(packed.read_bytes())


def test_any_file_is_read_from_its_checkpoint(tmp_path: Path) -> None:
    files = noisy(150)
    tar = tar_of(files)
    path = tmp_path / "a.tar.gz"
    # Several streams, one of them empty, and the zeros that tapes add.
    third = len(tar) // 3
    pieces = [tar[:third], b"", tar[third:]]
    path.write_bytes(b"".join(gzip.compress(piece, 6) for piece in pieces) + bytes(100))
    first = ts.Archive(path, spacing=20_000)
    written = first.save_index()
    assert [p.name for p in written] == ["a.tar.gz.gzidx", "a.tar.gz.members.jsonl"]
    count = struct.unpack("<I", written[0].read_bytes()[31:35])[0]
    assert count > 20
    header = json.loads(written[1].read_bytes().partition(b"\n")[0])
    assert header["sha256"] == first.sha256 == digest.sha256(path.read_bytes())
    assert (header["unpacked_size"], header["num_members"]) == (len(tar), len(files))
    kept = ts.Archive(path)
    assert kept.sha256 == first.sha256
    assert as_read(kept) == as_read(first) == files
    # The start of the file is not needed any more to read its end.
    data = bytearray(path.read_bytes())
    data[40:2000] = bytes(1960)
    path.write_bytes(data)
    last = list(files)[-1]
    assert ts.Archive(path).read(last) == files[last]


def test_the_checkpoints_are_those_of_indexed_gzip(tmp_path: Path) -> None:
    indexed_gzip = pytest.importorskip("indexed_gzip", reason="requirements/interop.txt has it")
    tar = tar_of(noisy())
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar[:100_000], 9) + gzip.compress(tar[100_000:], 1))
    index, members = ts.Archive(path, spacing=50_000).save_index()
    with indexed_gzip.IndexedGzipFile(path, index_file=str(index), auto_build=False) as file:
        for offset in random.Random(2).sample(range(len(tar) - 100), 50):
            file.seek(offset)
            assert file.read(100) == tar[offset : offset + 100]
    with indexed_gzip.IndexedGzipFile(path, spacing=50_000) as file:
        file.build_full_index()
        index.unlink()
        file.export_index(str(index))
    assert members.exists()
    assert as_read(ts.Archive(path)) == noisy()


def test_an_index_of_another_archive_is_not_believed(tmp_path: Path) -> None:
    files = noisy(6)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar_of(files), 1, mtime=0))
    index, members = ts.Archive(path, spacing=20_000).save_index()
    kept = (index.read_bytes(), members.read_bytes())
    # Another size: as good as none.
    other = {**files, "extra": b"x"}
    path.write_bytes(gzip.compress(tar_of(other), 1, mtime=0))
    assert as_read(ts.Archive(path)) == other
    path.write_bytes(gzip.compress(tar_of(files), 1, mtime=0))
    # Any damage: never other bytes.
    refused = 0
    for place in random.Random(3).sample(range(len(kept[0])), 150):
        index.write_bytes(kept[0][:place] + bytes([kept[0][place] ^ 0x55]) + kept[0][place + 1 :])
        for name, data in files.items():
            try:
                assert ts.Archive(path).read(name) == data
            except ts.ShardError:
                refused += 1
    assert refused > 20
    index.write_bytes(kept[0])
    rows = kept[1].splitlines()
    moved = json.loads(rows[2])
    moved["offset"] += 512
    members.write_bytes(b"\n".join([*rows[:2], json.dumps(moved).encode(), *rows[3:]]) + b"\n")
    with pytest.raises(ts.ShardError, match="another archive"):
        ts.Archive(path).read(moved["member"])


def test_a_folder_is_listed_by_name(tmp_path: Path) -> None:
    files = {"b/x.bin": b"1", "a.txt": b"", "b/a/y": b"22"}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    archive = ts.Archive(tmp_path)
    assert (archive.form, archive.names(), as_read(archive)) == ("folder", sorted(files), files)
    assert "b/x.bin" in archive
    assert "b" not in archive
    with pytest.raises(KeyError):
        archive.read("c")
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(ts.ShardError, match="link") as error:
        ts.Archive(tmp_path)
    assert error.value.member == "link"


def test_an_archive_is_pickled_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of({"a": b"1"}))
    again = pickle.loads(pickle.dumps(ts.Archive(path)))
    assert again.read("a") == b"1"
    assert repr(again) == f"<turboshard.Archive {str(path)!r}: zip, 1 files>"
    with pytest.raises(FileNotFoundError):
        ts.Archive(tmp_path / "none")
    with pytest.raises(ValueError, match="needs no index"):
        again.save_index()


def test_names_that_are_no_utf8_keep_their_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff\xfe.txt")
    data = tar_of({name: b"1"})
    (tmp_path / "a.tar").write_bytes(data)
    (tmp_path / "a.tgz").write_bytes(gzip.compress(data))
    for path in ("a.tar", "a.tgz"):
        archive = ts.Archive(tmp_path / path)
        assert archive.names() == [name]
        assert archive.read(name) == b"1"
    with pytest.raises(ValueError, match="no UTF-8"):
        ts.Archive(tmp_path / "a.tgz").save_index()


def test_the_command_line_reads_archives(tmp_path: Path) -> None:
    files = noisy(5)
    (tmp_path / "a.zip").write_bytes(zip_of(files))
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(tar_of(files)))
    for name in ("a.zip", "a.tar.gz"):
        assert releases.turboshard("ls", tmp_path / name).stdout.splitlines() == list(files)
        rows = json.loads(releases.turboshard("ls", tmp_path / name, "--json").stdout)["members"]
        assert [(row["member"], row["size"]) for row in rows] == [(n, len(d)) for n, d in files.items()]
        releases.turboshard("cat", tmp_path / name, "nothing", check=1)
    said = releases.turboshard("index", tmp_path / "a.tar.gz", "--format", "gzidx")
    assert said.stdout == f"{digest.sha256((tmp_path / 'a.tar.gz').read_bytes())}  {tmp_path / 'a.tar.gz'}\n"
    assert (tmp_path / "a.tar.gz.gzidx").read_bytes().startswith(b"GZIDX")
    out = tmp_path / "elsewhere"
    releases.turboshard("index", tmp_path / "a.tar.gz", "--format", "gzidx", "-o", f"{out}/")
    assert sorted(path.name for path in out.iterdir()) == ["a.tar.gz.gzidx", "a.tar.gz.members.jsonl"]
    releases.turboshard("index", tmp_path / "a.zip", "--format", "gzidx", check=2)
    assert zlib.crc32(files["subject/000.obj"]) == zlib.crc32(
        ts.Archive(tmp_path / "a.zip").read("subject/000.obj")
    )
