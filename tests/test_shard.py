"""Samples of a shard: as bytes, as views of one buffer, as decoded pictures."""

import copy
import gc
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

import turboshard as ts

from . import strategies as make
from .reference import image, tar
from .reference import shard as reference

FIELDS = ["frown.jpg", "raise_eyebrows.jpg"]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard of six samples: two pictures and JSON each."""
    members = []
    for n in range(6):
        key = f"{n:08d}_id{n:03d}_" + "Doberman_Dog" * 8
        members += [
            (f"{key}.{FIELDS[0]}".encode(), make.jpeg(make.picture(40, 60, 3, n), quality=90)),
            (f"{key}.json".encode(), b'{"identity": "id%03d"}' % n),
            (f"{key}.{FIELDS[1]}".encode(), make.jpeg(make.picture(40, 60, 3, n + 100), quality=90)),
        ]
    path = tmp_path_factory.mktemp("faces") / "faces-000000.tar"
    path.write_bytes(tar.archive(members))
    return path


@given(make.shards())
def test_samples_equal_the_reference(scratch: Path, case: make.ShardCase) -> None:
    path = scratch / "samples.tar"
    path.write_bytes(case.data)
    shard, expected = ts.Shard(path), reference.contents(path)
    assert len(shard) == len(expected) >= 1
    for sample, (key, fields) in zip(shard, expected, strict=True):
        assert sample.pop("__key__") == key
        assert sample.pop("__url__") == str(path)
        assert sample == {field.lower(): data for field, data in fields.items()}
        assert list(sample) == [field.lower() for field in fields], "the order of the members"
        assert all(type(value) is bytes for value in sample.values())


@given(make.shards())
def test_samples_equal_webdatasets(scratch: Path, case: make.ShardCase) -> None:
    wds = pytest.importorskip("webdataset")
    path = scratch / "wds.tar"
    path.write_bytes(case.data)
    with path.open("rb") as file:
        files = ({**f, "__url__": str(path)} for f in wds.tariterators.tar_file_iterator(file))
        theirs = list(wds.tariterators.group_by_keys(files))
    assert len(theirs) >= 1
    assert list(ts.Shard(path)) == theirs


@given(make.shards())
def test_views_equal_samples_and_share_one_buffer(scratch: Path, case: make.ShardCase) -> None:
    path = scratch / "views.tar"
    path.write_bytes(case.data)
    shard = ts.Shard(path)
    assert len(shard) >= 1
    for number, sample in enumerate(shard):
        view = shard.view(number)
        values = [value for key, value in view.items() if not key.startswith("__")]
        assert {k: bytes(v) if isinstance(v, memoryview) else v for k, v in view.items()} == sample
        assert len({id(value.obj) for value in values}) == 1
        assert all(value.readonly for value in values)


def test_positions(faces: Path) -> None:
    shard = ts.Shard(faces)
    assert len(shard) == 6
    assert shard[-1] == shard[5]
    assert shard[np.int64(2)] == shard[2]
    assert [s["__key__"] for s in shard[1:4]] == shard.keys[1:4]
    assert shard.find(shard.keys[3]) == 3
    assert shard.fields == [FIELDS[0], "json", FIELDS[1]]
    for wrong in (6, -7):
        with pytest.raises(IndexError, match=str(wrong)):
            shard[wrong]
        with pytest.raises(IndexError):
            shard.view(wrong)
    with pytest.raises(TypeError):
        shard["x"]  # type: ignore[call-overload]
    with pytest.raises(KeyError, match="nobody"):
        shard.find("nobody")


def test_a_member_by_name_and_by_row(faces: Path) -> None:
    shard = ts.Shard(faces)
    for row, name in enumerate(shard.index.member):
        assert shard.read(name) == shard.read(row)
    assert shard.read(f"{shard.keys[1]}.json") == b'{"identity": "id001"}'
    with pytest.raises(KeyError):
        shard.read("nobody.json")
    with pytest.raises((IndexError, KeyError)):
        shard.read(99)


def test_samples_pickle_and_views_do_not(faces: Path) -> None:
    shard = ts.Shard(faces)
    assert pickle.loads(pickle.dumps(shard[0])) == shard[0]
    with pytest.raises(TypeError):
        pickle.dumps(shard.view(0))


def test_a_shard_pickles_by_its_path(faces: Path) -> None:
    shard = ts.Shard(faces)
    pickled = pickle.dumps(shard)
    assert len(pickled) < 1000
    for other in (pickle.loads(pickled), copy.copy(shard), copy.deepcopy(shard)):
        assert other[2] == shard[2]


def test_a_view_outlives_its_shard(faces: Path) -> None:
    expected = dict(ts.Shard(faces)[1])
    shard = ts.Shard(faces)
    view = shard.view(1)["json"]
    del shard
    gc.collect()
    assert bytes(view) == expected["json"]


def test_a_view_decodes(faces: Path) -> None:
    shard = ts.Shard(faces)
    assert np.array_equal(ts.decode(shard.view(0)[FIELDS[0]]), image.decode(shard[0][FIELDS[0]]))


@pytest.mark.parametrize("threads", [1, 2, None])
def test_load_is_decode_of_each(faces: Path, threads: int | None) -> None:
    shard = ts.Shard(faces)
    found = shard.load([0, 5, 0, -2], FIELDS, size=24, threads=threads)
    assert found.shape == (4, 2, 24, 24, 3)
    for row, number in enumerate([0, 5, 0, 4]):
        for column, field in enumerate(FIELDS):
            assert np.array_equal(found[row, column], ts.decode(shard[number][field], size=24))


def test_load_without_size_and_with_other_keywords(faces: Path) -> None:
    shard = ts.Shard(faces)
    assert shard.load([1], FIELDS).shape == (1, 2, 40, 60, 3)
    assert shard.load([1], FIELDS, mode="L").shape == (1, 2, 40, 60)
    assert shard.load([1], FIELDS, layout="CHW", reduce=2).shape == (1, 2, 3, 20, 30)
    cropped = shard.load([1, 2], FIELDS[:1], crop=(3, 5, 20, 10))
    assert np.array_equal(cropped[1, 0], image.decode(shard[2][FIELDS[0]])[3:23, 5:15])


def test_load_into_out(faces: Path) -> None:
    shard, out = ts.Shard(faces), np.zeros((2, 1, 8, 8, 3), np.uint8)
    assert shard.load([0, 1], FIELDS[:1], size=8, out=out) is out
    assert np.array_equal(out, shard.load([0, 1], FIELDS[:1], size=8))
    with pytest.raises((ValueError, TypeError)):
        shard.load([0, 1], FIELDS, size=8, out=out)


def test_load_names_what_is_missing(faces: Path) -> None:
    shard = ts.Shard(faces)
    with pytest.raises((KeyError, ts.ShardError), match="smile"):
        shard.load([0], ["smile.jpg"], size=8)
    with pytest.raises(IndexError):
        shard.load([6], FIELDS, size=8)
    with pytest.raises(TypeError):
        shard.load([0], FIELDS, sise=8)  # type: ignore[call-arg]


def test_a_broken_picture_is_named_with_its_place(faces: Path, tmp_path: Path) -> None:
    member = reference.members(faces)[8]
    data = bytearray(faces.read_bytes())
    data[member.offset : member.offset + member.size] = bytes(member.size)
    path = tmp_path / "broken.tar"
    path.write_bytes(data)
    shard = ts.Shard(path)
    for threads in (1, 2):
        with pytest.raises(ts.DecodeError) as caught:
            shard.load(range(6), FIELDS, size=8, threads=threads)
        assert (caught.value.shard, caught.value.member) == (str(path), member.name)
        assert caught.value.offset == member.offset
    assert shard.load([0, 1], FIELDS, size=8).any(), "and it goes on after the error"


def test_a_shard_that_shrinks_while_open_is_a_typed_error(faces: Path, tmp_path: Path) -> None:
    path = tmp_path / "shrinks.tar"
    path.write_bytes(faces.read_bytes())
    shard = ts.Shard(path)
    os.truncate(path, 2000)
    for call in (lambda: shard[5], lambda: shard.view(5), lambda: shard.load([5], FIELDS, size=8)):
        with pytest.raises(ts.ShardError) as caught:
            call()
        assert caught.value.shard == str(path)


def test_odd_paths(faces: Path, tmp_path: Path) -> None:
    for name in ("a b.tar", "a#b?c.tar", "{0..1}.tar", "é\n.tar", "100%.tar"):
        path = tmp_path / name
        path.write_bytes(faces.read_bytes())
        assert len(ts.Shard(path)) == len(ts.Shard(str(path))) == 6


def test_lenient_reads_what_strict_refuses(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar.archive([(b"a.jpg", b"1"), (b"b.jpg", b"2")])[:-1024])
    with pytest.raises(ts.ShardError):
        ts.Shard(path)
    assert len(ts.Shard(path, lenient=True)) == 2


def test_an_empty_shard_has_no_samples(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(bytes(10_240))
    shard = ts.Shard(path)
    assert len(shard) == 0
    assert list(shard) == []
    assert len(shard.index) == 0
