"""`pack` of archives as they are downloaded: byte for byte the release of the same files in a folder."""

import gzip
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import turboshard as ts

from . import releases
from .archives import Files, tar_of, zip_of

HEADSPACE = "headspaceOnline/subjects"


@pytest.fixture(scope="module")
def headspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw("headspace", tmp_path_factory.mktemp("headspace") / "src")


@pytest.fixture(scope="module")
def realy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw("realy", tmp_path_factory.mktemp("realy") / "src")


def draw(dataset: str, root: Path) -> Path:
    """Nine subjects: one is broken, and there is what belongs to nobody."""
    ts.synth_source(dataset, root, subjects=9, size=16)
    broken = min(root.rglob("00003/*.obj" if dataset == "headspace" else "3/nose.obj"))
    broken.write_bytes(broken.read_bytes() + b"f 1 2 99999\n")
    (root / "LICENSE").write_text("Not to be passed on.\n")
    (root / "notes").mkdir()
    (root / "notes/readme.txt").write_text("?")
    return root


def files_of(root: Path, under: str = "") -> Files:
    """Files by path, in an order that is nobody's, though meshes come first."""
    found = {
        str(path.relative_to(root / under)): path.read_bytes()
        for path in sorted((root / under).rglob("*"))
        if path.is_file()
    }
    shuffled = random.Random(5).sample(sorted(found.items()), len(found))
    return dict(sorted(shuffled, key=lambda file: not file[0].endswith(".obj")))


def packed(dataset: str, source: Path, dst: Path, threads: int = 2) -> tuple[Files, str]:
    said = releases.turboshard("pack", dataset, source, "-o", dst, "-j", threads, check=1)
    return releases.tree(dst), said.stderr


FORMS: dict[str, Callable[[Files], bytes]] = {
    "a.tar": tar_of,
    "a.tar.gz": lambda files: gzip.compress(tar_of(files), 6, mtime=0),
    "a.zip": zip_of,
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dataset", ["headspace", "realy"])
def test_an_archive_gives_the_release_of_its_folder(
    headspace: Path, realy: Path, tmp_path: Path, dataset: str, name: str
) -> None:
    source = headspace if dataset == "headspace" else realy
    wanted, told = packed(dataset, source, tmp_path / "wanted")
    assert len(wanted) > 6
    assert "LICENSE" in wanted
    assert "not recognised: notes/readme.txt\n" in told
    assert told.count("left out: ") == 1
    archive = tmp_path / name
    archive.write_bytes(FORMS[name](files_of(source)))
    for threads in (1, 3):
        found, said = packed(dataset, archive, tmp_path / f"to{threads}", threads)
        assert found == wanted
        assert sorted(said.splitlines()) == sorted(told.splitlines())
    if name == "a.tar.gz" and dataset == "headspace":
        # The checkpoints that are beside it are used: its middle is not needed to read its end.
        ts.Archive(archive, spacing=100_000).save_index()
        assert packed(dataset, archive, tmp_path / "indexed")[0] == wanted
        data = bytearray(archive.read_bytes())
        data[50:1000] = bytes(950)
        archive.write_bytes(data)
        _, said = packed(dataset, archive, tmp_path / "damaged")
        assert 2 <= said.count("left out: ") < 9


def test_archives_in_a_folder_are_read_as_if_they_were_unpacked(realy: Path, tmp_path: Path) -> None:
    wanted, _ = packed("realy", realy, tmp_path / "wanted")
    folder = tmp_path / "download"
    folder.mkdir()
    for name in ("metrical_scale.txt", "LICENSE"):
        shutil.copy(realy / name, folder / name)
    shutil.copytree(realy / "notes", folder / "notes")
    # One below a folder of its name, as most make them, one without, one within another folder.
    regions = {
        f"REALY_scan_region/{name}": data for name, data in files_of(realy, "REALY_scan_region").items()
    }
    # Some desktops add to every file what belongs to nobody.
    shadows = {"__MACOSX/REALY_scan_region/3/._nose.obj": b"\0\5\26\7"}
    (folder / "download-20261.zip").write_bytes(zip_of(regions))
    (folder / "REALY_HIFI3D_keypoints.zip").write_bytes(zip_of(files_of(realy, "REALY_HIFI3D_keypoints")))
    (folder / "REALY_image.tar.gz").write_bytes(gzip.compress(tar_of(files_of(realy, "REALY_image"))))
    found, said = packed("realy", folder, tmp_path / "found")
    assert found == wanted
    assert said.count("not recognised") == 1
    (folder / "more.zip").write_bytes(zip_of(shadows))
    found, said = packed("realy", folder, tmp_path / "shadowed")
    assert found == wanted
    assert "not recognised: more.zip/__MACOSX/REALY_scan_region/3/._nose.obj\n" in said


def test_what_was_unpacked_beside_its_archive_is_there_once(headspace: Path, tmp_path: Path) -> None:
    wanted, _ = packed("headspace", headspace, tmp_path / "wanted")
    source = Path(shutil.copytree(headspace, tmp_path / "src"))
    archived = {
        f"headspaceOnline/{name}": data for name, data in files_of(headspace, "headspaceOnline").items()
    }
    (source / "headspace-v02.tar.gz").write_bytes(gzip.compress(tar_of(archived), 1))
    found, said = packed("headspace", source, tmp_path / "found")
    assert found == wanted
    count = len(archived)
    words = f"{count} of {count} files of headspace-v02.tar.gz are unpacked beside it: these are read"
    assert f"warning: {words}\n" in said
    # One that has another size is another file, and nobody knows which is meant.
    mesh = min((source / HEADSPACE / "00005").glob("*.obj"))
    mesh.write_bytes(mesh.read_bytes() + b"\n")
    _, said = packed("headspace", source, tmp_path / "torn")
    assert f"left out: 00005: more than one obj: {mesh.relative_to(source)}, " in said


def test_photographs_are_not_even_opened(headspace: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(headspace, tmp_path / "src"))
    (source / "headspacePngTka.tar.gz").write_bytes(b"\x1f\x8b, which is no archive")
    _, said = packed("headspace", source, tmp_path / "found")
    assert "not recognised: headspacePngTka.tar.gz" in said


def test_links_are_refused_by_name(headspace: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(headspace, tmp_path / "src"))
    (source / HEADSPACE / "00002/subject.txt").unlink()
    (source / HEADSPACE / "00002/subject.txt").symlink_to("/etc/passwd")
    with pytest.raises(ts.ShardError, match="a link is not a file") as refused:
        ts.pack("headspace", source, tmp_path / "found")
    assert refused.value.member == f"{HEADSPACE}/00002/subject.txt"
