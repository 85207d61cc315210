"""The sibling data sets, from drawn archives in their layouts: pack, verify, audit, load, and what is left out."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import turboshard as ts

from . import releases
from .reference import shard as reference

Files = dict[str, bytes]


def members(root: Path) -> Files:
    found = {}
    for path in releases.shards(root):
        for member in reference.members(path):
            found[member.name] = path.read_bytes()[member.offset : member.offset + member.size]
    return found


def zipped(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, edit: Callable[[Files], Any]) -> None:
    """Changes what is in a zip."""
    files = zipped(path)
    edit(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def manifest(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((root / "metadata/release_manifest.json").read_bytes())
    return told


def reasons(root: Path) -> dict[str, str]:
    return {left["key"]: left["reason"] for left in manifest(root).get("left_out", [])}


def draw(dataset: str, root: Path, count: int = 15) -> Path:
    releases.turboshard("synth", root, "--dataset", dataset, "--identities", count, "--size", 32)
    return root


@pytest.fixture(scope="module")
def geogen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw("geogen", tmp_path_factory.mktemp("geogen") / "source")


@pytest.fixture(scope="module")
def ffhq_uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw("ffhq-uv", tmp_path_factory.mktemp("ffhq") / "source")


def copied(source: Path, to: Path) -> Path:
    shutil.copytree(source, to)
    return to


def views(source: Path) -> Files:
    """All views by subject and number, wherever they lie."""
    found = {}
    for path in sorted(source.glob("images_batch_*.zip")):
        for name, data in zipped(path).items():
            found["/".join(name.split("/")[-2:])] = data
    return found


def test_geogen_from_drawing_to_batches(geogen: Path, tmp_path: Path) -> None:
    assert len(list(geogen.glob("images_batch_*.zip"))) == 7
    folders = {name.count("/") for path in geogen.glob("images*.zip") for name in zipped(path)}
    assert folders == {1, 2}
    dst = tmp_path / "release"
    told = json.loads(releases.turboshard("pack", "geogen", geogen, "-o", dst, "--json").stdout)
    assert (told["num_samples"], told["num_images"], told["left_out"], told["unrecognised"]) == (
        15,
        105,
        [],
        [],
    )
    wanted, found = views(geogen), members(dst)
    metadata = zipped(geogen / "metadata_files.zip")
    assert len(found) == 15 * 8
    assert list(found)[:8] == [*(f"subj_id_0.{n}.png" for n in range(7)), "subj_id_0.json"]
    for subject in range(15):
        for view in range(7):
            assert found[f"subj_id_{subject}.{view}.png"] == wanted[f"subj_id_{subject}/{view}.png"]
        assert found[f"subj_id_{subject}.json"] == metadata[f"metadata_id_{subject}.json"]
    assert releases.sha256sum(dst).returncode == 0
    releases.turboshard("verify", "--deep", dst)
    assert (manifest(dst)["image_format"], manifest(dst)["resolution"], manifest(dst)["num_images"]) == (
        "png",
        32,
        105,
    )
    loader = ts.Loader(dst, fields=ts.geogen.VIEWS, batch_size=5, seed=0)
    seen = 0
    for batch in loader:
        assert batch.images.shape == (5, 7, 32, 32, 3)
        for meta, key in zip(batch.meta, batch.keys, strict=True):
            cameras = ts.geogen.cameras(meta)
            assert meta["name"] == key
            assert [matrix.shape for matrix in cameras.extrinsics] == [(4, 4)] * 7
            assert [matrix.shape for matrix in cameras.intrinsics] == [(3, 3)] * 7
            assert cameras.intrinsics[0].dtype == np.float64
            assert cameras.intrinsics[0][0, 0] == pytest.approx(50 / 36 * 32)
            seen += 1
    assert seen == 15


def test_geogen_incomplete_subjects_are_left_out(geogen: Path, tmp_path: Path) -> None:
    source = copied(geogen, tmp_path / "source")

    def spoil(files: Files) -> None:
        names = list(files)
        for name in names:
            tail = name.split("/")[-2:]
            if tail == ["subj_id_1", "3.png"]:
                del files[name]
            if tail == ["subj_id_2", "0.png"]:
                files[name] = files[name][:-30]
            if tail == ["subj_id_3", "6.png"]:
                files["elsewhere/subj_id_3/6.png"] = files[name]
        files["notes.txt"] = b"?"

    for path in source.glob("images_batch_*.zip"):
        rewrite(path, spoil)

    def forget(files: Files) -> None:
        del files["metadata_id_4.json"]
        files["metadata_id_5.json"] = b'{"name": "subj_id_5", "cameras": []}'
        files["metadata_of_somebody.json"] = b'{"name": "somebody", "cameras": {}}'
        files["cameras.json"] = b'{"focal": 50}'
        # Named by nobody: its number says whose it is.
        unnamed = json.loads(files.pop("metadata_id_6.json"))
        files["metadata_id_6_jsom"] = json.dumps({"cameras": unnamed["cameras"]}).encode()
        # Named by its content, not by its file.
        files["metadata_id_99.json"] = files.pop("metadata_id_7.json")

    rewrite(source / "metadata_files.zip", forget)
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "geogen", source, "-o", dst, check=1)
    left = reasons(dst)
    assert left.keys() == {"somebody", *(f"subj_id_{n}" for n in (1, 2, 3, 4, 5))}
    assert left["somebody"].startswith("0 of 7 views, without 0.png, ")
    assert left["subj_id_1"] == "6 of 7 views, without 3.png"
    assert left["subj_id_2"].startswith("0.png: corrupt image")
    assert left["subj_id_3"] == "more than one file of 6.png"
    assert left["subj_id_4"] == "no metadata with its cameras"
    assert "0 extrinsics" in left["subj_id_5"]
    assert "not recognised: metadata_files.zip/cameras.json\n" in said.stderr
    assert "not recognised: images_batch_1.zip/notes.txt\n" in said.stderr
    assert manifest(dst)["num_samples"] == 10
    told = json.loads(releases.turboshard("audit", dst, "--json", check=1).stdout)
    samples = next(one for one in told["differences"] if one["what"] == "samples")
    assert (samples["expected"], samples["found"]) == (10_000, 10)
    assert samples["keys"] == ["somebody", "subj_id_1…subj_id_5 (5)"]
    # Its file is called after nobody, and it names nobody: only its number says whose it is.
    assert "warning: 1 files of cameras" not in said.stderr


def test_geogen_a_zip_that_was_not_downloaded_is_found(geogen: Path, tmp_path: Path) -> None:
    source = copied(geogen, tmp_path / "source")
    for batch in (3, 4):
        (source / f"images_batch_{batch}.zip").unlink()
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "geogen", source, "-o", dst, check=1)
    whole = {name.split("/")[0] for name in views(geogen)} - {name.split("/")[0] for name in views(source)}
    assert whole
    for subject in whole:
        assert f"left out: {subject}: 0 of 7 views, without 0.png, " in said.stderr
    told = json.loads(releases.turboshard("audit", dst, "--json", check=1).stdout)
    found = {one["what"]: one for one in told["differences"]}
    assert (found["archives with views"]["expected"], found["archives with views"]["found"]) == (7, 5)
    assert found["samples left out of the source"]["keys"] == ["subj_id_4…subj_id_8 (5)"]


def test_the_same_archives_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for threads in (1, 3):
        root = tmp_path / f"t{threads}"
        options = ("--identities", 4, "--size", 32, "-j", threads)
        releases.turboshard("synth", root / "source", "--dataset", "ffhq-uv-interpolate", *options)
        ts.pack("ffhq-uv-interpolate", root / "source", root / "release", threads=threads)
        trees.append(releases.tree(root))
    assert trees[0] == trees[1]
    assert "release/data/ffhq-uv-interpolate-000000.tar" in trees[0]


def test_ffhq_uv_from_drawing_to_batches(ffhq_uv: Path, tmp_path: Path) -> None:
    dst = tmp_path / "release"
    told = json.loads(releases.turboshard("pack", "ffhq-uv", ffhq_uv, "-o", dst, "--json").stdout)
    assert (told["num_samples"], told["num_images"], told["left_out"], told["unrecognised"]) == (
        15,
        15,
        [],
        [],
    )
    found = members(dst)
    pictures, latents = zipped(ffhq_uv / "uv-maps/000.zip"), zipped(ffhq_uv / "face-latents.zip")
    lights = zipped(ffhq_uv / "dataset_project/lights.zip")
    rows = json.loads((ffhq_uv / "meta-info.json").read_bytes())
    assert rows["000007"]["Index-in-FFHQ"] is None
    assert rows["000003"]["Index-in-FFHQ"] == 6
    for face in map("{:06d}".format, range(15)):
        assert found[f"{face}.uv.png"] == pictures[f"{face}.png"]
        index = rows[face]["Index-in-FFHQ"]
        # dataset_project is numbered as FFHQ is, and the faces were shuffled.
        expected = None if index is None else lights[f"lights/{index:06d}.npy"]
        assert found.get(f"{face}.lights.npy") == expected
        assert (f"{face}.attributes.json" in found) is (index is not None)
        assert json.loads(found[f"{face}.json"]) == rows[face]
        for view in ts.ffhq_uv.VIEWS:
            saved = ts.ffhq_uv.load_pt(latents[f"{face}/{face}_{view}_latent.pt"])
            for field, name, shape in (
                ("", "latent", (1, 18, 512)),
                (".attribute", "attribute", (1, 17, 1, 1)),
            ):
                array = np.load(io.BytesIO(found[f"{face}.{view}{field}.npy"]), allow_pickle=False)
                assert (array.dtype, array.shape) == (np.float32, shape)
                assert np.array_equal(array, saved[name])
                assert np.unique(array).size > 10
    assert releases.sha256sum(dst).returncode == 0
    releases.turboshard("verify", "--deep", dst)
    batch = next(iter(ts.Loader(dst, fields=["uv.png"], batch_size=15, seed=0)))
    assert batch.images.shape == (15, 1, 32, 32, 3)


def test_ffhq_uv_a_zip_that_was_not_downloaded_is_found(ffhq_uv: Path, tmp_path: Path) -> None:
    source = copied(ffhq_uv, tmp_path / "source")

    def lose(files: Files) -> None:
        for face in range(4, 9):
            del files[f"{face:06d}.png"]

    rewrite(source / "uv-maps/000.zip", lose)
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "ffhq-uv", source, "-o", dst, check=1)
    assert "left out: 000004: without its UV map\n" in said.stderr
    assert set(reasons(dst)) == {f"{face:06d}" for face in range(4, 9)}
    told = json.loads(releases.turboshard("audit", dst, "--as", "ffhq-uv", "--json", check=1).stdout)
    samples = next(one for one in told["differences"] if one["what"] == "samples")
    assert (samples["expected"], samples["found"]) == (54_165, 10)
    assert samples["keys"] == ["000004…000008 (5)"]


def test_ffhq_uv_what_is_wrong_with_a_face_is_said(ffhq_uv: Path, tmp_path: Path) -> None:
    source = copied(ffhq_uv, tmp_path / "source")

    def spoil(files: Files) -> None:
        del files["000001/000001_left_latent.pt"]
        files["000002/000002_front_latent.pt"] = hostile_pt(b"cposix\nsystem\n(X\4\0\0\0trueet.")
        array = io.BytesIO()
        np.save(array, np.zeros((1, 17, 512), np.float32))
        files["000003/000003_right_latent.npy"] = array.getvalue()
        del files["000003/000003_right_latent.pt"]
        array = io.BytesIO()
        np.save(array, np.ones((1, 18, 512), np.float32))
        files["000004/000004_right_latent.npy"] = array.getvalue()
        del files["000004/000004_right_latent.pt"]

    rewrite(source / "face-latents.zip", spoil)
    # Of face 000005, which is the first in FFHQ.
    rewrite(source / "dataset_project/lights.zip", lambda files: files.update({"lights/000000.npy": b"x"}))
    text = (source / "meta-info.json").read_text()
    row = json.dumps({"Age": 1})
    (source / "meta-info.json").write_text(text[:-1] + f',"000006":{row},"000777":{row}' + "}")
    with zipfile.ZipFile(source / "dataset_project/attributes_ms_api.zip", "w") as archive:
        for face in range(25):
            archive.writestr(f"attributes_ms_api/{face:06d}.pkl", "")
    dst = tmp_path / "release"
    said = releases.turboshard("pack", "ffhq-uv", source, "-o", dst, check=1)
    left = reasons(dst)
    assert left["000001"] == "without the latents of its left view"
    assert "it asks for posix.system" in left["000002"]
    assert "[1, 17, 512]" in left["000003"]
    assert "lights/000000.npy: not an .npy" in left["000005"]
    assert left["000006"] == "more than one row in meta-info.json"
    assert left["000777"].startswith("without its UV map, ")
    assert len(left) == 6
    # A plain array is as good, and has no attributes with it.
    found = members(dst)
    assert np.array_equal(np.load(io.BytesIO(found["000004.right.npy"])), np.ones((1, 18, 512), np.float32))
    assert "000004.right.attribute.npy" not in found
    assert manifest(dst)["complete"] is False
    releases.turboshard("verify", "--deep", dst)
    folder = "dataset_project/attributes_ms_api.zip/attributes_ms_api/ (25 files)"
    assert f"not recognised: {folder}\n" in said.stderr


def test_ffhq_uv_its_project_is_of_the_faces_of_ffhq(ffhq_uv: Path, tmp_path: Path) -> None:
    source = copied(ffhq_uv, tmp_path / "source")
    rewrite(source / "dataset_project/lights.zip", lambda files: files.pop("lights/000006.npy"))
    (source / "meta-info.json").rename(tmp_path / "meta-info.json")
    said = releases.turboshard("pack", "ffhq-uv", source, "-o", tmp_path / "blind")
    assert (
        "warning: without meta-info.json nobody knows whose the files of dataset_project are\n" in said.stderr
    )
    assert "not recognised: dataset_project/lights.zip/lights/000000.npy\n" in said.stderr
    assert not any("lights" in name for name in members(tmp_path / "blind"))
    (tmp_path / "meta-info.json").rename(source / "meta-info.json")
    dst = tmp_path / "release"
    releases.turboshard("pack", "ffhq-uv", source, "-o", dst, check=1)
    assert reasons(dst) == {"000003": "without its lights"}
    pack = manifest(dst)["provenance"]["pack"]
    assert (pack["projected_faces"], pack["rows_without_index"]) == (15, 1)
    told = json.loads(releases.turboshard("audit", dst, "--json", check=1).stdout)
    found = {one["what"]: (one["expected"], one["found"]) for one in told["differences"]}
    assert found["faces in dataset_project"] == (69_620, 15)
    assert found["rows of meta-info.json without an index in FFHQ"] == (1000, 1)


def hostile_pt(pickled: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\2" + pickled)
        archive.writestr("archive/data/0", b"")
    return out.getvalue()


@pytest.mark.parametrize(("dataset", "words"), [("geogen", "no view"), ("ffhq-uv", "no face")])
def test_what_is_none_of_it_is_refused(tmp_path: Path, dataset: str, words: str) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/readme.txt").touch()
    with pytest.raises(ts.ShardError, match=words):
        ts.pack(dataset, tmp_path / "source", tmp_path / "release")
    with zipfile.ZipFile(tmp_path / "source/a.zip", "w") as archive:
        archive.writestr("../../x", "")
    with pytest.raises(ts.ShardError, match="out of its folder") as error:
        ts.pack(dataset, tmp_path / "source", tmp_path / "other")
    assert str(error.value.shard).endswith("a.zip")


def test_drawing_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    for arguments in ([tmp_path], [tmp_path / "y", "--size", 16_385]):
        releases.turboshard("synth", *arguments, "--dataset", "geogen", "--identities", 1, check=2)


def test_names_agree() -> None:
    from turboshard import _core
    from turboshard.cli.pack import DATASETS

    assert list(DATASETS) == _core.dataset_names()
