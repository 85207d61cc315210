"""`pack`: a data set as its publisher ships it becomes a release that coreutils, webdataset and the library read."""

import json
import shutil
from pathlib import Path

import pytest

import turboshard as ts

from . import releases
from .reference import shard as reference

SIDE = 48


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Eleven identities, so that id10 comes after id9 by number and not by name."""
    root = tmp_path / "frames"
    for number in range(11):
        folder = root / releases.identity(number).replace(f"id{number:03d}", f"id{number}")
        folder.mkdir(parents=True)
        for place, name in enumerate(releases.EXPRESSIONS):
            (folder / f"{name}.jpg").write_bytes(releases.picture(number, place, SIDE))
    return root


def folders(root: Path) -> list[Path]:
    return sorted(root.iterdir(), key=lambda path: int(path.name[2:].partition("_")[0]))


def members(root: Path) -> dict[str, bytes]:
    found = {}
    for path in releases.shards(root):
        for member in reference.members(path):
            found[member.name] = path.read_bytes()[member.offset : member.offset + member.size]
    return found


def test_whole_identities_become_samples_in_the_publishers_form(frames: Path, tmp_path: Path) -> None:
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "reghead", frames, "-o", dst, "--json")
    told = json.loads(said.stdout)
    assert (told["num_samples"], told["num_images"], told["left_out"]) == (11, 110, [])
    found = members(dst)
    assert len(found) == 121
    for number, folder in enumerate(folders(frames)):
        names = [name for name in found if name.startswith(f"{number:08d}_{folder.name}_")]
        key = names[0].partition(".")[0]
        assert names == [*(f"{key}.{name}.jpg" for name in releases.EXPRESSIONS), f"{key}.json"]
        for name in releases.EXPRESSIONS:
            assert found[f"{key}.{name}.jpg"] == (folder / f"{name}.jpg").read_bytes()
        listed = [
            {"expression": e, "field": f"{e}.jpg", "original_file": f"{e}.jpg"} for e in releases.EXPRESSIONS
        ]
        assert json.loads(found[f"{key}.json"]) == {
            "identity": folder.name,
            "identity_dir": folder.name,
            "sample_key": key,
            "num_expressions": 10,
            "expressions": listed,
        }
    assert releases.sha256sum(dst).returncode == 0
    assert releases.turboshard("verify", dst).stdout.count(": OK") == 1
    manifest = json.loads((dst / "metadata/release_manifest.json").read_bytes())
    assert (manifest["name"], manifest["resolution"], manifest["contract"]) == (
        f"reghead-v1-{SIDE}",
        SIDE,
        "reghead",
    )
    assert (manifest["num_samples"], manifest["quality"]) == (11, 95)
    assert "left_out" not in manifest
    assert ts.Release(dst).identities == [folder.name for folder in folders(frames)]


def test_the_same_frames_give_the_same_bytes_whatever_the_threads(frames: Path, tmp_path: Path) -> None:
    trees = []
    for threads in (1, 3):
        release = ts.pack(
            "reghead", frames, tmp_path / f"to{threads}", threads=threads, max_shard_size=200_000
        )
        assert len(release.paths) > 1
        assert max(path.stat().st_size for path in releases.shards(tmp_path / f"to{threads}")) <= 200_000
        trees.append(releases.tree(tmp_path / f"to{threads}"))
    assert trees[0] == trees[1]


def test_incomplete_and_corrupt_identities_are_left_out_and_listed(frames: Path, tmp_path: Path) -> None:
    whole = folders(frames)
    (whole[1] / "frown.jpg").unlink()
    broken = whole[3] / "close_m_smile.jpg"
    broken.write_bytes(broken.read_bytes()[:-400])
    (whole[4] / "frown.jpg").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    (whole[5] / "frown.jpeg").write_bytes((whole[5] / "frown.jpg").read_bytes())
    shutil.rmtree(whole[7])
    whole[7].mkdir()
    flipped = bytearray((whole[8] / "frown.jpg").read_bytes())
    flipped[-3] = 0xD8  # a marker where the entropy-coded data end
    flipped[-4] = 0xFF
    (whole[8] / "frown.jpg").write_bytes(flipped)
    (frames / "README.txt").write_text("about")
    (frames / "notes").mkdir()
    (whole[0] / "thumbnail.png").write_bytes(b"x")
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "reghead", frames, "-o", dst, check=1)
    for path in ("README.txt", "notes/", f"{whole[0].name}/thumbnail.png"):
        assert f"not recognised: {path}\n" in said.stderr
    reasons = {
        1: "9 of 10 images, without frown",
        3: "close_m_smile.jpg: ",
        4: "frown.jpg: ",
        5: "more than one file of frown",
        7: "0 of 10 images, without open_m_open_e, ",
        8: "frown.jpg: ",
    }
    manifest = json.loads((dst / "metadata/release_manifest.json").read_bytes())
    assert [left["key"] for left in manifest["left_out"]] == [whole[number].name for number in reasons]
    for left, reason in zip(manifest["left_out"], reasons.values(), strict=True):
        assert left["reason"].startswith(reason)
        assert f"left out: {left['key']}: {left['reason']}\n" in said.stderr
    release = ts.Release(dst)
    kept = [number for number in range(11) if number not in reasons]
    assert release.identities == [whole[number].name for number in kept]
    assert [key[:8] for key in release.keys] == [f"{place:08d}" for place in range(len(kept))]
    assert manifest["num_samples"] == len(kept)
    assert releases.sha256sum(dst).returncode == 0


def test_a_dot_in_a_folder_never_reaches_a_key(frames: Path, tmp_path: Path) -> None:
    folder = folders(frames)[2]
    dotted = folder.rename(folder.with_name(f"{folder.name}.v2"))
    ts.pack("reghead", frames, tmp_path / "release")
    release = ts.Release(tmp_path / "release")
    assert len(release) == 11
    told = release.meta(2)
    assert (told["identity"], told["identity_dir"]) == (f"{folder.name}_v2", dotted.name)
    assert release.keys[2] == told["sample_key"]
    shutil.copytree(dotted, folder.with_name(f"{folder.name}_v2"))
    said = releases.turboshard("pack", "reghead", frames, "-o", tmp_path / "twins", check=1)
    assert "are one identity" in said.stderr


def test_what_cannot_be_packed_is_refused(frames: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no data set"):
        ts.pack("mnist", frames, tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        ts.pack("reghead", tmp_path / "nowhere", tmp_path / "a")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(ValueError, match="is not empty"):
        ts.pack("reghead", frames, tmp_path / "full")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ts.ShardError, match="no folders"):
        ts.pack("reghead", tmp_path / "empty", tmp_path / "a")
    for folder in folders(frames):
        (folder / "frown.jpg").unlink()
    with pytest.raises(ts.ShardError, match="no whole sample: 11 are left out"):
        ts.pack("reghead", frames, tmp_path / "a")
    assert not (tmp_path / "a/metadata/release_manifest.json").exists()
    assert releases.turboshard("pack", "mnist", frames, "-o", tmp_path / "b", check=2).stdout == ""


def test_what_a_publisher_says_goes_along(frames: Path, tmp_path: Path) -> None:
    (frames / "LICENSE").write_text("Non-commercial.\n")
    dst = tmp_path / "release"
    told = ["--license", 'Snap: "NC"', "--citation", "@inproceedings{x}", "--source", "https://example.org"]
    said = releases.turboshard("pack", "reghead", frames, "-o", dst, *told)
    assert "not recognised" not in said.stderr
    assert f"gh release create reghead-v1-{SIDE} " in said.stderr
    assert "hf upload-large-folder " in said.stderr
    assert (dst / "LICENSE").read_text() == "Non-commercial.\n"
    manifest = json.loads((dst / "metadata/release_manifest.json").read_bytes())
    found = [manifest[name] for name in ("license", "citation", "source")]
    assert found == [told[1], told[3], told[5]]
    readme = (dst / "README.md").read_text()
    card = readme.split("---\n")[1]
    assert 'license_name: "Snap: \\"NC\\""\nlicense_link: LICENSE\n' in card
    assert 'path: "data/*.tar"' in card
    assert "11 samples, 110 images" in readme
    assert ts.verify(dst).ok


def test_a_run_that_did_not_end_is_begun_anew_and_that_is_said(frames: Path, tmp_path: Path) -> None:
    first, dst = tmp_path / "first", tmp_path / "release"
    said = releases.turboshard("pack", "reghead", frames, "-o", first)
    assert "begun anew" not in said.stderr
    (dst / "data").mkdir(parents=True)
    (dst / ".unfinished").touch()
    (dst / "data/reghead-v1-48-000007.tar").write_bytes(b"of the run before")
    (dst / "data/reghead-v1-48-000000.tar.tmp-1-0").write_bytes(b"of the run before")
    said = releases.turboshard("pack", "reghead", frames, "-o", dst)
    assert f"turboshard: a run before did not end in {dst}: it was begun anew\n" in said.stderr
    assert releases.tree(dst) == releases.tree(first)
