"""`pack headspace`: from the command line, from the files the publisher ships to a batch; and every damage found."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import turboshard as ts

from . import releases
from .reference import mesh as reference

SUBJECTS = "headspaceOnline/subjects"
FIELDS = ["obj", "mtl", "bmp", "ldmks.txt"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine subjects: 00007 was captured twice, 00005 was never registered."""
    root = tmp_path_factory.mktemp("headspace") / "src"
    releases.turboshard("synth", root, "--dataset", "headspace", "--identities", 9, "--size", 32)
    return root


@pytest.fixture
def source(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(whole, tmp_path / "src"))


def root_of(source: Path, number: int) -> str:
    """The first capture of a subject."""
    return min((source / SUBJECTS / f"{number:05d}").glob("*.obj")).stem


def expected_metadata(path: Path) -> dict[str, Any]:
    """The plain reader: split at the first colon; age a number, flags truth values, what is empty null."""
    told: dict[str, Any] = {}
    for line in path.read_text().splitlines():
        key, value = line.split(":", 1)
        told[key] = value or None
        if key == "age" and value:
            told[key] = int(value)
        if key.endswith("Flag"):
            told[key] = {"0": False, "1": True}[value]
    return told


def test_from_files_to_a_batch(whole: Path, tmp_path: Path) -> None:
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "headspace", whole, "-o", dst)
    assert said.stdout.startswith("headspace: 1 shard, 10 samples, 10 images")
    assert "may be used, but not published" in said.stderr
    assert "hf upload" not in said.stderr
    assert "not recognised" not in said.stderr
    assert "may be used, but not published" in (dst / "README.md").read_text()
    told = json.loads((dst / "metadata/release_manifest.json").read_bytes())
    assert told["license"] == "Headspace's agreement: not to be passed on"
    assert releases.sha256sum(dst).returncode == 0
    assert releases.turboshard("verify", "--deep", dst).stdout.count(": OK") == 1

    release = ts.Release(dst)
    captures = sorted(path.stem for path in (whole / SUBJECTS / "00007").glob("*.obj"))
    assert len(captures) == 2
    keys = [f"{number:05d}" for number in range(1, 10)]
    assert release.keys == [*keys[:6], *(f"00007_{capture}" for capture in captures), *keys[7:]]
    for key in release.keys:
        sample = release[key]
        told = json.loads(sample["json"])
        folder = whole / SUBJECTS / key[:5]
        assert (told["subject"], told["identity"]) == (key[:5], key[:5])
        metadata = expected_metadata(folder / "subject.txt")
        assert len(metadata) > 8
        assert {name: told[name] for name in metadata} == metadata
        names = [told["capture"] + end for end in (".obj", ".mtl", ".bmp")]
        names.append(f"ldmks{told['capture']}.txt")
        for field, name in zip(FIELDS, names, strict=True):
            assert sample[field] == (folder / name).read_bytes()
            assert told["files"][field] == f"{SUBJECTS}/{key[:5]}/{name}"
        registered = key != "00005" and key != f"00007_{captures[1]}"
        assert ("flame.obj" in sample) is registered
        mesh = ts.decode_obj(sample["obj"])
        assert mesh.materials == [f"{told['capture']}.mtl"]
        assert mesh.vertices.tolist() == reference.read(sample["obj"].decode()).vertices
        assert mesh.uv is not None
        assert mesh.face_uv is not None
        points = ts.headspace.landmarks(sample["ldmks.txt"], vertices=len(mesh.vertices))
        assert points.shape == (68,)
        assert (points + 1).tolist() == [int(line) for line in sample["ldmks.txt"].split()]
    loader = ts.Loader(release, fields=["bmp"], size=16, batch_size=4, drop_last=False)
    batches = list(loader)
    assert {batch.images.shape for batch in batches} == {(4, 1, 16, 16, 3)}
    assert sum(int(batch.valid.sum()) for batch in batches) == 10
    first = np.asarray(Image.open(io.BytesIO(release["00001"]["bmp"])).convert("RGB"))
    np.testing.assert_array_equal(ts.decode(release["00001"]["bmp"]), first)
    manifest = json.loads((dst / "metadata/release_manifest.json").read_bytes())
    assert manifest["complete"] is False  # flame.obj is not in all
    assert (manifest["num_samples"], manifest["contract"], manifest["resolution"]) == (10, None, 32)


def test_mtllib_resolves_after_extract(whole: Path, tmp_path: Path) -> None:
    dst = tmp_path / "release"
    ts.pack("headspace", whole, dst)
    releases.turboshard("extract", dst, "-o", tmp_path / "out")
    for path in whole.rglob("*.*"):
        if path.name != "subject.txt":
            assert (tmp_path / "out" / path.relative_to(whole)).read_bytes() == path.read_bytes()
    scan = next((tmp_path / "out" / SUBJECTS / "00002").glob("*.obj"))
    materials = ts.decode_obj(scan.read_bytes()).materials[0]
    texture = (scan.parent / materials).read_text().split("map_Kd ")[1].strip()
    assert Image.open(scan.parent / texture).size == (32, 32)


def test_subjects_are_selected_by_what_is_known_of_them(whole: Path, tmp_path: Path) -> None:
    release = ts.pack("headspace", whole, tmp_path / "release")
    told = {key: expected_metadata(whole / SUBJECTS / key[:5] / "subject.txt") for key in release.keys}
    conditions: dict[str, Any] = {
        'gender="female"': lambda one: one["gender"] == "female",
        "age>=18": lambda one: one["age"] is not None and one["age"] >= 18,
        "spectaclesFlag=false": lambda one: not one["spectaclesFlag"],
        'beardDescriptor="none"': lambda one: one["beardDescriptor"] == "none",
        'declaredethnicGroup!="white british"': lambda one: one["declaredethnicGroup"] != "white british",
    }
    for condition, holds in conditions.items():
        wanted = [key for key in release.keys if holds(told[key])]
        assert 0 < len(wanted) < len(release.keys), condition
        assert release.select(where=[condition]).keys == wanted
    women = tmp_path / "women"
    releases.turboshard("reshard", tmp_path / "release", "-o", women, "--where", 'gender="female"')
    assert ts.Release(women).keys == release.select(where=['gender="female"']).keys


def test_captures_of_a_subject_stay_in_one_split(whole: Path, tmp_path: Path) -> None:
    ts.pack("headspace", whole, tmp_path / "release")
    rows = (tmp_path / "release/metadata/webdataset_samples.jsonl").read_text().splitlines()
    identities = [json.loads(row)["identity"] for row in rows]
    assert identities.count("00007") == 2
    assert len(set(identities)) == 9


def test_the_same_files_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    trees = []
    for threads in (1, 3):
        again = tmp_path / f"src{threads}"
        ts.synth_source("headspace", again, subjects=9, size=32, threads=threads)
        ts.pack("headspace", again, tmp_path / f"to{threads}", threads=threads, max_shard_size=400_000)
        trees.append((releases.tree(again), releases.tree(tmp_path / f"to{threads}")))
    assert trees[0] == trees[1]
    assert trees[0][0] == releases.tree(whole)


def test_ply_is_written_beside_obj_if_asked_for(whole: Path, tmp_path: Path) -> None:
    said = releases.turboshard("pack", "headspace", whole, "-o", tmp_path / "release", "--ply")
    assert "10 samples" in said.stdout
    sample = ts.Release(tmp_path / "release")["00001"]
    capture = json.loads(sample["json"])["capture"]
    mesh = ts.decode_obj(sample["obj"])
    assert sample["ply"] == ts.encode_ply(mesh, texture=f"{capture}.bmp")
    assert sample["flame.ply"] == ts.encode_ply(ts.decode_obj(sample["flame.obj"]))


def test_a_list_of_subjects_is_a_subset(whole: Path, tmp_path: Path) -> None:
    listed = tmp_path / "lyhm.txt"
    listed.write_text("00002\n7\n00042\n")
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "headspace", whole, "-o", dst, "--subset", listed, check=1)
    assert "left out: 00042: no scan of it is there" in said.stderr
    assert "warning: 7 subjects are in no line of" in said.stderr
    release = ts.Release(dst)
    assert release.name == "headspace-subset"
    assert [key[:5] for key in release.keys] == ["00002", "00007", "00007"]
    audited = json.loads(
        releases.turboshard("audit", dst, "--as", "headspace-lyhm", "--json", check=1).stdout
    )
    subjects = next(one for one in audited["differences"] if one["what"] == "subjects")
    assert (subjects["expected"], subjects["found"]) == (1212, 2)
    listed.write_text("1\nx\n")
    with pytest.raises(ts.ShardError, match='line 2: "x" is no subject'):
        ts.pack("headspace", whole, tmp_path / "b", subset=listed)
    with pytest.raises(ValueError, match="subset"):
        ts.pack("reghead", whole, tmp_path / "c", subset=listed)


def test_metadata_is_taken_under_both_names_and_nothing_of_it_is_lost(source: Path, tmp_path: Path) -> None:
    folder = source / SUBJECTS / "00001"
    text = (folder / "subject.txt").read_text()
    (folder / "subject.txt").unlink()
    (folder / "person00001.txt").write_text(text + "hairColour:red\nnote: a: b\nno colon\n")
    (source / SUBJECTS / "00002/subject.txt").unlink()
    said = releases.turboshard("pack", "headspace", source, "-o", tmp_path / "release")
    assert "warning: 1 subjects have no subject.txt, the first of them 00002" in said.stderr
    release = ts.Release(tmp_path / "release")
    told = json.loads(release["00001"]["json"])
    assert (told["id"], told["hairColour"], told["note"]) == ("00001", "red", "a: b")
    assert told["other_lines"] == ["no colon"]
    assert "gender" not in json.loads(release["00002"]["json"])


def test_companions_are_taken_along_where_they_are(source: Path, tmp_path: Path) -> None:
    root = root_of(source, 3)
    parameters = io.BytesIO()
    np.savez(parameters, shape=np.zeros(300))
    pictures = {
        "pose.png": "poseNormalised/00003.png",
        "pose_landmarks.png": f"poseNormalised/landmarks/{root}.png",
    }
    for name in pictures.values():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (len(name), 0, 0)).save(source / name)
    (source / "poseNormalised/angles.xlsx").write_bytes(b"x")
    (source / "poseNormalised/angles.csv").write_text(
        'Subject,yaw,"roll, pitch"\n3,1.50,\n00004,2,x\n99,0,0\n'
    )
    (source / "poseNormalised/sizes.csv").write_text("height,width\n3,4\n")
    flame = source / f"LYHM/FLAME_parameters/00003/{root}.npz"
    flame.parent.mkdir(parents=True)
    flame.write_bytes(parameters.getvalue())
    for number in (1, 2):
        photographs = source / f"headspacePngTka/subjects/0000{number}/x"
        photographs.mkdir(parents=True)
        (photographs / "1A.png").write_bytes(b"x")
    said = releases.turboshard("pack", "headspace", source, "-o", tmp_path / "release")
    lines = [line for line in said.stderr.splitlines() if line.startswith("not recognised")]
    unknown = ("headspacePngTka/", "poseNormalised/angles.xlsx", "poseNormalised/sizes.csv")
    assert lines == [f"not recognised: {name}" for name in unknown]
    for words in (
        'poseNormalised/angles.csv: 3 rows of "Subject", "yaw", "roll, pitch", taken by "Subject"; 1 of them',
        "poseNormalised/angles.xlsx is not read: save it as CSV",
        'poseNormalised/sizes.csv is not read: none of its columns names subjects or captures: "height", "width"\n',
    ):
        assert f"warning: {words}" in said.stderr
    sample = ts.Release(tmp_path / "release")["00003"]
    told = json.loads(sample["json"])
    assert told["sheets"] == {"angles.csv": {"Subject": "3", "yaw": "1.50", "roll, pitch": ""}}
    assert json.loads(ts.Release(tmp_path / "release")["00004"]["json"])["sheets"]["angles.csv"]["yaw"] == "2"
    assert "sheets" not in json.loads(ts.Release(tmp_path / "release")["00001"]["json"])
    for field, name in {**pictures, "flame.npz": str(flame.relative_to(source))}.items():
        assert sample[field] == (source / name).read_bytes()
        assert told["files"][field] == name


def test_landmarks_are_68_vertices_counted_from_one() -> None:
    text = "\r\n".join(str(number) for number in range(1, 71)).encode()
    found = ts.headspace.landmarks(text, vertices=70)
    assert (found.dtype, found.tolist()) == (np.dtype(np.uint32), list(range(68)))
    with pytest.raises(ts.ShardError, match='line 68: "68" is none of 67 vertices'):
        ts.headspace.landmarks(text, vertices=67)
    with pytest.raises(ts.ShardError, match="2 landmarks, not 68"):
        ts.headspace.landmarks(b"1\n2\n", vertices=70)
