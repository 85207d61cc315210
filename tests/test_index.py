"""Where members lie and what makes a sample: `Shard.index` against tarfile and webdataset's rule."""

import os
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts

from . import strategies as make
from .reference import shard as reference
from .reference import tar

Row = tuple[str, str | None, str | None, int, int, int]


def rows(shard: ts.Shard) -> list[Row]:
    """The library's index, a tuple a member."""
    index = shard.index
    columns = [index.member, index.key, index.field, index.header_offset, index.offset, index.size]
    return [
        (name, key, field, int(header), int(offset), int(size))
        for name, key, field, header, offset, size in zip(*columns, strict=True)
    ]


def expected_rows(path: Path) -> list[Row]:
    return [(m.name, m.key, m.field, m.header, m.offset, m.size) for m in reference.members(path)]


@given(make.shards(), make.strays())
def test_index_equals_the_reference(
    scratch: Path, case: make.ShardCase, strays: list[tuple[str, bytes]]
) -> None:
    path = scratch / "index.tar"
    members = [member for sample in case.samples for member in sample.members]
    for data in (
        case.data,
        make.gnu_shard([*strays[:1], *members[:1], *strays[1:2], *members[1:], *strays[2:]]),
    ):
        path.write_bytes(data)
        shard, expected = ts.Shard(path), expected_rows(path)
        assert len(expected) >= len(case.samples) >= 1
        assert rows(shard) == expected
        runs = reference.samples(reference.members(path))
        assert shard.keys == [run[0].key for run in runs]
        numbers = {member.header: number for number, run in enumerate(runs) for member in run}
        assert shard.index.sample.tolist() == [numbers.get(int(h), -1) for h in shard.index.header_offset]


@given(make.shards())
def test_columns_are_numpy(scratch: Path, case: make.ShardCase) -> None:
    path = scratch / "columns.tar"
    path.write_bytes(case.data)
    index = ts.Shard(path).index
    assert len(index) == len(index.offset) >= 1
    for column in (index.header_offset, index.offset, index.size):
        assert column.dtype == np.uint64
    assert np.array_equal(index["offset"], index.offset)
    with pytest.raises(KeyError, match="nothing"):
        index["nothing"]


@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
@pytest.mark.parametrize("length", [99, 100, 101, 155, 255, 256, 257, 300, 511, 512, 1000])
def test_names_of_any_length(tmp_path: Path, tar_format: str, length: int) -> None:
    name = b"n" * (length - 4) + b".jpg"
    path = tmp_path / "x.tar"
    path.write_bytes(tar.archive([(name, b"a"), (b"short.jpg", b"bc")], tar_format))
    assert rows(ts.Shard(path)) == expected_rows(path)
    assert ts.Shard(path).index.member[0] == name.decode()


def test_a_name_that_is_not_utf8_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar.archive([(b"caf\xe9.jpg", b"a")]))
    assert os.fsencode(ts.Shard(path).index.member[0]) == b"caf\xe9.jpg"
    assert rows(ts.Shard(path)) == expected_rows(path)


def test_gnu_tar_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ["a/x.jpg", "a/x.json", "a/b/" + "y" * 120 + ".jpg", "z.cls"]:
        (tmp_path / name).write_bytes(name.encode() * 50)
    for options in (
        ["--format=gnu"],
        ["--format=ustar"],
        ["--format=pax"],
        ["--format=v7"],
        ["--format=oldgnu"],
    ):
        long_names = options not in (["--format=v7"], ["--format=ustar"])
        names = ["a", "z.cls"] if long_names else ["a/x.jpg", "a/x.json", "z.cls"]
        subprocess.run(["tar", "-c", "-f", "x.tar", *options, *names], cwd=tmp_path, check=True)
        path = tmp_path / "x.tar"
        found = rows(ts.Shard(path))
        assert len(found) >= 3
        assert found == expected_rows(path), options


def test_a_size_above_eight_gib_is_base_256(tmp_path: Path) -> None:
    """A sparse file stands in for the payload: headers alone are read."""
    size, path = 8**11 + 5, tmp_path / "x.tar"
    with path.open("wb") as file:
        file.write(tar.header(b"big.bin", size))
        file.seek(512 + size + -size % 512)
        file.write(tar.member(b"next.bin", b"z") + bytes(1024))
    assert rows(ts.Shard(path)) == expected_rows(path)
    assert ts.Shard(path).index.size.tolist() == [size, 1]


# ---------------------------------------------------------------- bad input


def fails(path: Path) -> ts.ShardError:
    """The error of opening a broken shard; it must say where."""
    with pytest.raises(ts.ShardError) as caught:
        ts.Shard(path)
    assert caught.value.shard == str(path)
    assert caught.value.offset is not None
    assert 0 <= caught.value.offset <= path.stat().st_size
    assert str(caught.value.offset) in str(caught.value)
    return caught.value


def rows_or_error(path: Path) -> list[Row] | ts.ShardError:
    """The index, or the error, which then says where."""
    try:
        return rows(ts.Shard(path))
    except ts.ShardError as error:
        if error.shard != str(path) or error.offset is None:
            raise AssertionError(f"no position: {error!r}") from error
        return error


@given(make.shards(), st.data())
def test_a_prefix_without_its_end_marker_is_refused(
    scratch: Path, case: make.ShardCase, data: st.DataObject
) -> None:
    end = make.end_of_members(case.data)
    at = data.draw(st.integers(0, end + 1023))
    path = scratch / "cut.tar"
    path.write_bytes(make.cut(case.data, at))
    fails(path)
    path.write_bytes(make.cut(case.data, end + 1024))
    assert len(ts.Shard(path)) == len(case.samples) >= 1


@pytest.mark.parametrize("dialect", sorted(make.DIALECTS))
def test_every_cut_is_refused(tmp_path: Path, dialect: str) -> None:
    name = "k" * (90 if dialect in {"v7", "ustar"} else 120)
    data = make.DIALECTS[dialect]([("a.jpg", b"1" * 700), (f"{name}.jpg", b""), (f"{name}.json", b"{}")])
    path, end = tmp_path / "x.tar", make.end_of_members(data)
    path.write_bytes(data)
    starts = [m.header for m in reference.members(path)]
    for size in range(end + 1023, -1, -1):
        os.truncate(path, size)
        with pytest.raises(ts.ShardError) as caught:
            ts.Shard(path)
        # The error names the member that is cut, or the place where the end marker is due.
        whole = max((start for start in [*starts, end] if start <= size), default=0)
        assert caught.value.offset in {whole, size, 0} | {s for s in starts if s <= size}, size


@pytest.mark.parametrize("dialect", ["v7", "ustar", "gnu", "pax-mtime"])
def test_every_flipped_bit_of_a_header_is_seen_or_harmless(tmp_path: Path, dialect: str) -> None:
    name = "k" * (90 if dialect in {"v7", "ustar"} else 120)
    data = make.DIALECTS[dialect]([("a.jpg", b"1" * 700), (f"{name}.json", b"{}")])
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    expected, seen = rows(ts.Shard(path)), Counter[bool]()
    with path.open("r+b", buffering=0) as file:
        for start in make.header_offsets(data):
            for bit in range(start * 8, start * 8 + 4096):
                file.seek(bit // 8)
                file.write(bytes([data[bit // 8] ^ 1 << bit % 8]))
                found = rows_or_error(path)
                assert found == expected or isinstance(found, ts.ShardError), bit
                seen[found == expected] += 1
                file.seek(bit // 8)
                file.write(data[bit // 8 : bit // 8 + 1])
    assert seen[False] > 4096
    assert seen[True] < 400, "bits that no reader looks at are few"


@given(make.shards(), st.data())
def test_any_flipped_bit_of_a_header_is_seen_or_harmless(
    scratch: Path, case: make.ShardCase, data: st.DataObject
) -> None:
    path = scratch / "flip.tar"
    path.write_bytes(case.data)
    expected = rows(ts.Shard(path))
    assert expected
    start = data.draw(st.sampled_from(make.header_offsets(case.data)))
    path.write_bytes(make.flip(case.data, start * 8 + data.draw(st.integers(0, 4095))))
    found = rows_or_error(path)
    assert found == expected or isinstance(found, ts.ShardError)


@given(make.shards(), st.data())
def test_a_zeroed_header_is_refused(scratch: Path, case: make.ShardCase, data: st.DataObject) -> None:
    path = scratch / "zero.tar"
    start = data.draw(st.sampled_from(make.header_offsets(case.data)))
    broken = make.zero_block(case.data, start // 512)
    path.write_bytes(broken)
    if any(broken[start:]):
        fails(path)
    elif isinstance(found := rows_or_error(path), list):
        # The last member had no bytes: what is left is a sound archive, or a long name without its member.
        path.write_bytes(case.data)
        assert found == rows(ts.Shard(path))[:-1]


@given(make.shards(), st.binary(min_size=1, max_size=2000))
def test_garbage_behind_the_end_is_refused(scratch: Path, case: make.ShardCase, garbage: bytes) -> None:
    path = scratch / "garbage.tar"
    path.write_bytes(make.append_garbage(case.data, garbage))
    if any(garbage):
        first = next(i for i, byte in enumerate(garbage) if byte)
        assert fails(path).offset == len(case.data) + first
    else:
        assert len(ts.Shard(path)) == len(case.samples) >= 1


@given(make.shards(max_samples=2), make.shards(max_samples=2))
def test_two_shards_in_one_file_are_refused(
    scratch: Path, one: make.ShardCase, other: make.ShardCase
) -> None:
    path = scratch / "two.tar"
    path.write_bytes(one.data + other.data)
    assert fails(path).offset == len(one.data)


@given(st.binary(max_size=3000))
def test_bytes_that_are_no_tar_are_refused(scratch: Path, data: bytes) -> None:
    path = scratch / "junk.tar"
    path.write_bytes(data)
    if len(data) >= 1024 and not any(data):
        assert len(ts.Shard(path)) == 0
    else:
        fails(path)


@given(make.samples())
def test_a_sample_in_two_places_is_refused(scratch: Path, samples: list[make.SampleCase]) -> None:
    path = scratch / "scattered.tar"
    members = [member for sample in samples for member in sample.members]
    again = (f"{samples[0].key}.extra", b"x")
    path.write_bytes(make.gnu_shard([*members, ("zzz_other.txt", b""), again]))
    assert fails(path).member == again[0]


@given(make.samples())
def test_a_field_that_comes_twice_is_refused(scratch: Path, samples: list[make.SampleCase]) -> None:
    path = scratch / "twice.tar"
    name = samples[-1].members[-1][0]
    for second in (name, name[:-1] + name[-1].swapcase()):
        members = [member for sample in samples for member in sample.members]
        path.write_bytes(make.gnu_shard([*members, (second, b"x")]))
        assert fails(path).member == second


# ---------------------------------------------------------------- archives of other people

# Where CPython's tarfile is wrong. It takes the times in a GNU header for a prefix of the name; GNU tar does not.
GNU_TAR_IS_RIGHT = {
    "tar/go/invalid-go17.tar",
    "tar/ratarmount/absolute-file-incremental.tar",
    "tar/ratarmount/incremental-backup.level.0.tar",
    "tar/ratarmount/incremental-backup.level.1.tar",
    "tar/ratarmount/single-file-incremental.tar",
    "tar/tar-stream/gnu-incremental.tar",
}


def listed_by_gnu_tar(path: Path) -> list[str]:
    """Names of the files, without folders."""
    command = [
        "tar",
        "--list",
        "--absolute-names",
        "--quoting-style=literal",
        "--show-stored-names",
        "-f",
        path,
    ]
    names = subprocess.run(command, capture_output=True, check=False).stdout.decode().splitlines()
    return [name for name in names if not name.endswith("/")]


def test_the_corpus_is_indexed_as_by_tarfile_or_refused(corpus: Path) -> None:
    outcome, differ = Counter[str](), {}
    for path in sorted((corpus / "tar").rglob("*.tar")):
        name = str(path.relative_to(corpus))
        found = rows_or_error(path)
        if isinstance(found, ts.ShardError):
            outcome["refused"] += 1
            continue
        outcome["read"] += 1
        if name in GNU_TAR_IS_RIGHT:
            outcome["GNU tar"] += 1
            agree = [row[0] for row in found] == listed_by_gnu_tar(path) != []
        else:
            agree = found == expected_rows(path)
        if not agree:
            differ[name] = [row[0] for row in found]
    assert differ == {}
    assert outcome["read"] > 20
    assert outcome["refused"] > 50
    assert outcome["GNU tar"] == len(GNU_TAR_IS_RIGHT)
