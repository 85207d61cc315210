"""`pack realy`: from the command line, from the files the publisher ships to a batch; and every damage found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import turboshard as ts

from . import releases
from .reference import mesh as reference

REGIONS = ts.realy.REGIONS
FIELDS = list(ts.realy.FIELDS)
IMAGES = ["cropped.jpg", "original.jpg"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve subjects, so that 10 comes after 9 by number and not by name."""
    root = tmp_path_factory.mktemp("realy") / "src"
    releases.turboshard("synth", root, "--dataset", "realy", "--identities", 12, "--size", 32)
    return root


@pytest.fixture
def source(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(whole, tmp_path / "src"))


def test_from_files_to_a_batch(whole: Path, tmp_path: Path) -> None:
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "realy", whole, "-o", dst)
    assert said.stdout.startswith("realy: 1 shard, 12 samples, 24 images")
    assert "may be used, but not published" in said.stderr
    assert "gh release create" not in said.stderr
    assert "may be used, but not published" in (dst / "README.md").read_text()
    told = json.loads((dst / "metadata/release_manifest.json").read_bytes())
    assert told["license"] == "Headspace's agreement: not to be passed on"
    assert releases.sha256sum(dst).returncode == 0
    assert releases.turboshard("verify", "--deep", dst).stdout.count(": OK") == 1

    release = ts.Release(dst)
    assert release.keys == [str(number) for number in range(1, 13)]
    scales = [float(line) for line in (whole / "metrical_scale.txt").read_text().splitlines()]
    for number, sample in enumerate((release[i] for i in range(len(release))), 1):
        assert [field for field in sample if not field.startswith("__")] == [*FIELDS, *IMAGES, "json"]
        for region in REGIONS:
            text = (whole / f"REALY_scan_region/{number}/{region}.obj").read_bytes()
            assert sample[f"{region}.obj"] == text
            mesh, expected = ts.decode_obj(text), reference.read(text.decode())
            assert mesh.vertices.tolist() == expected.vertices
            assert mesh.colors is not None
            assert mesh.colors.tolist() == expected.colors
            assert len(mesh.faces) == len(expected.polygons) > 100
        assert ts.decode_obj(sample["keypoints.obj"]).vertices.shape == (85, 3)
        told = json.loads(sample["json"])
        assert (told["identity"], told["metrical_scale"]) == (str(number), scales[number - 1])
        assert told["files"]["nose.obj"] == f"REALY_scan_region/{number}/nose.obj"
    loader = ts.Loader(release, fields=["cropped.jpg"], size=16, batch_size=5, drop_last=False)
    batches = list(loader)
    assert {batch.images.shape for batch in batches} == {(5, 1, 16, 16, 3)}
    assert sum(int(batch.valid.sum()) for batch in batches) == 12
    assert batches[0].meta[0]["metrical_scale"] == scales[0]

    releases.turboshard("extract", dst, "-o", tmp_path / "out", "--where", "metrical_scale>0")
    for path in whole.rglob("*.*"):
        if path.name != "metrical_scale.txt":
            assert (tmp_path / "out" / path.relative_to(whole)).read_bytes() == path.read_bytes()


def test_the_same_files_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    trees = []
    for threads in (1, 3):
        again = tmp_path / f"src{threads}"
        ts.synth_source("realy", again, subjects=12, size=32, threads=threads)
        ts.pack("realy", again, tmp_path / f"to{threads}", threads=threads, max_shard_size=200_000)
        trees.append((releases.tree(again), releases.tree(tmp_path / f"to{threads}")))
    assert trees[0] == trees[1]
    assert trees[0][0] == releases.tree(whole)
    few = tmp_path / "few"
    ts.synth_source("realy", few, subjects=2, size=32)
    for name, data in releases.tree(few).items():
        assert releases.tree(whole)[name].startswith(data)


def test_ply_is_written_beside_obj_if_asked_for(whole: Path, tmp_path: Path) -> None:
    release = ts.pack("realy", whole, tmp_path / "release", ply=True)
    sample = release["3"]
    fields = [field for field in sample if field.endswith(".ply")]
    assert fields == [f"{region}.ply" for region in REGIONS]
    mesh = ts.decode_obj(sample["nose.obj"])
    assert sample["nose.ply"] == ts.encode_ply(mesh)
    head, _, body = sample["nose.ply"].partition(b"end_header\n")
    row = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)])
    vertices = np.frombuffer(body, row, count=len(mesh.vertices))
    assert b"property uchar red" in head
    np.testing.assert_array_equal(vertices["xyz"], mesh.vertices.astype("f4"))
    plain = ts.pack("realy", whole, tmp_path / "plain")
    told = [
        json.loads((Path(r.root) / "metadata/release_manifest.json").read_text()) for r in (release, plain)
    ]
    assert told[0]["provenance"] == told[1]["provenance"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def point_at_nothing(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"f 1 2 155\n")


def drop_a_keypoint(path: Path) -> None:
    path.write_text("v 0 0 0\n" * 84)


def rename(path: Path) -> None:
    path.rename(path.with_name("third"))


def double(path: Path) -> None:
    shutil.copytree(path, path.with_name("003"))


DAMAGES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a removed region": ("REALY_scan_region/3/mouth.obj", Path.unlink, "without mouth.obj"),
    "removed keypoints": ("REALY_HIFI3D_keypoints/3.obj", Path.unlink, "without keypoints.obj"),
    "too few keypoints": (
        "REALY_HIFI3D_keypoints/3.obj",
        drop_a_keypoint,
        "REALY_HIFI3D_keypoints/3.obj: 84 keypoints, not 85",
    ),
    "a cut mesh": ("REALY_scan_region/3/cheek.obj", cut, "REALY_scan_region/3/cheek.obj: OBJ line "),
    "an index of nothing": (
        "REALY_scan_region/3/nose.obj",
        point_at_nothing,
        "REALY_scan_region/3/nose.obj: OBJ line 415: vertex index 155 is out of range: there are 154",
    ),
    "a cut image": ("REALY_image/cropped/3.jpg", cut, "REALY_image/cropped/3.jpg: "),
    "a renamed folder": (
        "REALY_scan_region/3",
        rename,
        "without nose.obj, mouth.obj, forehead.obj, cheek.obj",
    ),
    "a doubled subject": (
        "REALY_scan_region/3",
        double,
        "more than one nose.obj: REALY_scan_region/003/nose.obj, REALY_scan_region/3/nose.obj",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_listed_and_left_out(damage: str, source: Path, tmp_path: Path) -> None:
    name, edit, reason = DAMAGES[damage]
    edit(source / name)
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "realy", source, "-o", dst, check=1)
    left_out = json.loads((dst / "metadata/release_manifest.json").read_bytes())["left_out"]
    assert len(left_out) == 1
    assert left_out[0]["key"] in {"3", "003"}
    assert left_out[0]["reason"].startswith(reason)
    assert f"left out: {left_out[0]['key']}: {reason}" in said.stderr
    if damage == "a renamed folder":
        assert "not recognised: REALY_scan_region/third/nose.obj\n" in said.stderr
    assert ts.Release(dst).keys == [str(number) for number in range(1, 13) if number != 3]
    audited = json.loads(releases.turboshard("audit", dst, "--as", "realy", "--json", check=1).stdout)
    found = {one["what"]: one for one in audited["differences"]}
    assert (found["samples"]["expected"], found["samples"]["found"]) == (100, 11)
    assert found["samples"]["keys"][:2] == ["3", "13"]


def test_what_is_no_realy_is_refused_and_what_lacks_is_said(source: Path, tmp_path: Path) -> None:
    (source / "notes").mkdir()
    (source / "notes/a.txt").write_text("x")
    shutil.rmtree(source / "REALY_image")
    scales = source / "metrical_scale.txt"
    scales.write_text("".join(scales.read_text().splitlines(keepends=True)[:11]))
    said = releases.turboshard("pack", "realy", source, "-o", tmp_path / "a", check=1)
    assert "not recognised: notes/a.txt" in said.stderr
    assert "warning: there is nothing in REALY_image" in said.stderr
    assert "left out: 12: metrical_scale.txt has no line 12" in said.stderr
    scales.unlink()
    said = releases.turboshard("pack", "realy", source, "-o", tmp_path / "b")
    assert "warning: there is no metrical_scale.txt" in said.stderr
    assert ts.Release(tmp_path / "b").meta(0)["metrical_scale"] is None
    scales.write_text("1.0\nnan\n")
    with pytest.raises(ts.ShardError, match=r"line 2: .*no scale"):
        ts.pack("realy", source, tmp_path / "c")
    (source / "REALY_scan_region").rename(source / "regions")
    with pytest.raises(ts.ShardError, match="nothing in a folder called REALY_scan_region") as caught:
        ts.pack("realy", source, tmp_path / "d")
    assert "there is notes, regions/1, regions/10" in str(caught.value.__notes__)
    with pytest.raises(ValueError, match="no meshes to write"):
        ts.pack("reghead", source, tmp_path / "e", ply=True)


def test_options_of_releases_are_refused_for_sources(tmp_path: Path) -> None:
    for option in (["--quality", "90"], ["--name", "x"], ["--max-shard-size", "9MB"]):
        arguments = ["synth", tmp_path / "a", "--dataset", "realy", "--identities", 1, *option]
        assert f"{option[0]} is for reghead" in releases.turboshard(*arguments, check=2).stderr
    with pytest.raises(ValueError, match="not its source"):
        ts.synth_source("reghead", tmp_path / "a", subjects=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(ValueError, match="is not empty"):
        ts.synth_source("realy", tmp_path / "full", subjects=1)
