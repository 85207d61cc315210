"""`pack headspace` of damaged, doubled, renamed and older sources."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import turboshard as ts

from . import releases
from .test_pack_headspace import SUBJECTS, root_of, source, whole

__all__ = ["source", "whole"]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def empty_folder(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def append(line: bytes) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_bytes(path.read_bytes() + line)

    return edit


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def first_line_becomes(line: bytes) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_bytes(line + path.read_bytes().partition(b"\n")[2])

    return edit


DAMAGES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a removed scan": ("{root}.obj", Path.unlink, "without {root}.obj beside "),
    "an index of nothing": (
        "{root}.obj",
        append(b"f 1/1 2/2 721/1\n"),
        "{path}: OBJ line 2777: vertex index 721 is out of range: there are 720",
    ),
    "a cut texture": ("{root}.bmp", cut, "{path}: "),
    "an empty file of materials": (
        "{root}.mtl",
        empty,
        "{path}: an empty file",
    ),
    "a landmark of nothing": (
        "ldmks{root}.txt",
        first_line_becomes(b"721\n"),
        '{path}: line 1: "721" is none of 720',
    ),
    "a landmark 0": (
        "ldmks{root}.txt",
        first_line_becomes(b"0\n"),
        '{path}: line 1: "0" is none of 720 vertices',
    ),
    "too few landmarks": ("ldmks{root}.txt", first_line_becomes(b""), "{path}: 67 landmarks, not 68"),
    "an emptied folder": (
        "",
        empty_folder,
        "no scan of it is there",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_listed_and_left_out(damage: str, source: Path, tmp_path: Path) -> None:
    name, edit, reason = DAMAGES[damage]
    root = root_of(source, 3)
    path = f"{SUBJECTS}/00003/{name.format(root=root)}"
    edit(source / path)
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "headspace", source, "-o", dst, check=1)
    left_out = json.loads((dst / "metadata/release_manifest.json").read_bytes())["left_out"]
    assert [one["key"] for one in left_out] == ["00003"]
    assert left_out[0]["reason"].startswith(reason.format(path=path, root=root))
    assert f"left out: 00003: {left_out[0]['reason']}\n" in said.stderr
    assert "00003" not in ts.Release(dst).keys
    audited = json.loads(releases.turboshard("audit", dst, "--as", "headspace-v02", "--json", check=1).stdout)
    found = {one["what"]: one for one in audited["differences"]}
    assert (found["subjects"]["expected"], found["subjects"]["found"]) == (1519, 8)
    assert found["subjects"]["keys"][:2] == ["00003", "00010"]


def test_a_doubled_subject_and_a_renamed_folder_are_found(source: Path, tmp_path: Path) -> None:
    subjects = source / SUBJECTS
    shutil.copytree(subjects / "00002", subjects / "01520")
    (subjects / "00003").rename(subjects / "third")
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "headspace", source, "-o", dst)
    assert f"not recognised: {SUBJECTS}/third/" in said.stderr
    assert "warning: 01520 has the same obj as 00002" in said.stderr
    audited = json.loads(releases.turboshard("audit", dst, "--as", "headspace-v02", "--json", check=1).stdout)
    found = {one["what"]: one["keys"] for one in audited["differences"]}
    assert found["subjects other than 00001 to 01519"] == ["01520"]
    assert found["subjects"][0] == "00003"


def test_version_01_is_known_and_warned_of(whole: Path, tmp_path: Path) -> None:
    scan = whole / SUBJECTS / "00001" / f"{root_of(whole, 1)}.obj"
    source = tmp_path / "src"
    for number in range(1, 1519):
        folder = source / f"{number:05d}"
        folder.mkdir(parents=True)
        (folder / f"{number:012d}.obj").write_text(f"v {number} 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    said = releases.turboshard("pack", "headspace", source, "-o", tmp_path / "v01")
    assert said.stdout.startswith("headspace-v01: 1 shard, 1,518 samples, 0 images")
    assert "warning: this is Headspace v01: subject 01400 has the scan of a girl of eight" in said.stderr
    assert releases.turboshard("audit", tmp_path / "v01").stdout.endswith("nothing differs\n")
    (source / "01519").mkdir()
    shutil.copy(scan, source / "01519/1.obj")
    said = releases.turboshard("pack", "headspace", source, "-o", tmp_path / "v02")
    assert said.stdout.startswith("headspace-v02: 1 shard, 1,519 samples")
    assert "01400" not in said.stderr
    assert releases.turboshard("audit", tmp_path / "v02").stdout.endswith("nothing differs\n")
    shutil.rmtree(source / "01519")
    shutil.rmtree(source / "00700")
    said = releases.turboshard("pack", "headspace", source, "-o", tmp_path / "unknown")
    assert "this may be Headspace v01" in said.stderr
    audited = json.loads(
        releases.turboshard("audit", tmp_path / "v01", "--as", "headspace-v02", "--json", check=1).stdout
    )
    assert [one["keys"] for one in audited["differences"]] == [["01519"]]


def test_what_is_no_headspace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "src/1").mkdir(parents=True)
    (tmp_path / "src/1/a.obj").write_text("v 0 0 0\n")
    with pytest.raises(ts.ShardError, match="no folders of subjects"):
        ts.pack("headspace", tmp_path / "src", tmp_path / "a")
