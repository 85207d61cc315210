"""What befalls downloads, for each data set: a file is removed, a subject doubled or missing, a folder renamed.

`pack` says so, and `audit` differs from that of the whole set, whether held against the publisher's figures or not.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import releases

SUBJECTS = 12
HEADSPACE = "headspaceOnline/subjects"
LEFT_OUT = "samples left out of the source"
ALIKE = "samples that begin with another's file"


def frames(root: Path) -> None:
    for number in range(SUBJECTS):
        folder = root / releases.identity(number)
        folder.mkdir(parents=True)
        for place, name in enumerate(releases.EXPRESSIONS):
            (folder / f"{name}.jpg").write_bytes(releases.picture(number, place, 16))


def unpack(root: Path) -> None:
    """Every zip becomes a folder of its name."""
    for path in sorted(root.rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(path.with_suffix(""))
        path.unlink()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each data set's files, whole, and what `audit` says of them."""
    root = tmp_path_factory.mktemp("sources")
    found = {}
    for dataset in FIGURES:
        source = root / dataset
        if dataset == "reghead":
            frames(source)
        else:
            releases.turboshard("synth", source, "--dataset", dataset, "--identities", SUBJECTS, "--size", 16)
            unpack(source)
        found[dataset] = source
    return found


def only(root: Path, pattern: str) -> Path:
    """The one file or folder that the pattern means."""
    (found,) = root.glob(pattern)
    return found


def remove(*patterns: str) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        for pattern in patterns:
            found = list(root.glob(pattern))
            assert found, pattern
            for path in found:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    return damage


def rename(pattern: str, name: str = "third") -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        found = list(root.glob(pattern))
        assert found
        for path in found:
            path.rename(path.with_name(name))

    return damage


def copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to)
    else:
        shutil.copy(source, to)


def double_identity(root: Path) -> None:
    copy(root / releases.identity(3), root / releases.identity(12))


def double_scan(root: Path) -> None:
    copy(root / HEADSPACE / "00003", root / HEADSPACE / "00013")


def double_regions(root: Path) -> None:
    copy(root / "REALY_scan_region/3", root / "REALY_scan_region/13")
    copy(root / "REALY_HIFI3D_keypoints/3.obj", root / "REALY_HIFI3D_keypoints/13.obj")
    scales = root / "metrical_scale.txt"
    scales.write_text(scales.read_text() + scales.read_text().splitlines()[2] + "\n")


def double_views(root: Path) -> None:
    for folder in root.rglob("subj_id_3"):
        copy(folder, folder.with_name("subj_id_12"))
    metadata = json.loads((root / "metadata_files/metadata_id_3.json").read_text())
    (root / "metadata_files/metadata_id_12.json").write_text(json.dumps(metadata | {"name": "subj_id_12"}))


def double_face(root: Path) -> None:
    copy(only(root, "uv-maps/*/000003.png"), only(root, "uv-maps/*/000003.png").with_name("000012.png"))
    (root / "face-latents/000012").mkdir()
    for path in (root / "face-latents/000003").iterdir():
        copy(path, root / "face-latents/000012" / path.name.replace("000003", "000012"))
    rows = json.loads((root / "meta-info.json").read_text())
    rows["000012"] = rows["000003"]
    (root / "meta-info.json").write_text(json.dumps(rows))


def forget_face(root: Path) -> None:
    remove("uv-maps/*/000003.png", "face-latents/000003")(root)
    rows = json.loads((root / "meta-info.json").read_text())
    del rows["000003"]
    (root / "meta-info.json").write_text(json.dumps(rows))


@dataclass(frozen=True)
class Case:
    """What is done, what `pack` says of it, and what `audit` names."""

    damage: Callable[[Path], None]
    said: tuple[str, ...]
    difference: str | None
    named: tuple[str, ...] = ()


ID3 = releases.identity(3)
FIGURES = {
    "reghead": "reghead-v1-512",
    "headspace": "headspace-v02",
    "realy": "realy",
    "geogen": "geogen",
    "ffhq-uv": "ffhq-uv",
    "ffhq-uv-interpolate": "ffhq-uv-interpolate",
}
CASES: dict[str, dict[str, Case]] = {
    "reghead": {
        "a removed file": Case(
            remove(f"{ID3}/frown.jpg"),
            (f"left out: {ID3}: 9 of 10 images, without frown",),
            LEFT_OUT,
            (ID3,),
        ),
        "a doubled subject": Case(
            double_identity, ("warning: 00000012_", " has the same open_m_open_e.jpg as 00000003_"), ALIKE
        ),
        "a wrong count": Case(remove(ID3), ("warning: no subject has the number 3\n",), "samples"),
        "a renamed folder": Case(
            rename(ID3),
            (
                f"warning: named unlike {releases.identity(0)}: third\n",
                "warning: no subject has the number 3\n",
            ),
            "samples of no known style",
        ),
    },
    "headspace": {
        "a removed file": Case(
            remove(f"{HEADSPACE}/00003/*.obj"), ("left out: 00003: without ",), LEFT_OUT, ("00003",)
        ),
        "a doubled subject": Case(
            double_scan, ("warning: 00013 has the same obj as 00003\n",), ALIKE, ("00013 like 00003",)
        ),
        "a wrong count": Case(
            remove(f"{HEADSPACE}/00003"), ("warning: no subject has the number 3\n",), "subjects", ("00003",)
        ),
        "a renamed folder": Case(
            rename(f"{HEADSPACE}/00003"),
            (f"not recognised: {HEADSPACE}/third/", "warning: no subject has the number 3\n"),
            "subjects",
            ("00003",),
        ),
    },
    "realy": {
        "a removed file": Case(
            remove("REALY_scan_region/3/mouth.obj"),
            ("left out: 3: without mouth.obj\n",),
            LEFT_OUT,
            ("3",),
        ),
        "a doubled subject": Case(
            double_regions, ("warning: 13 has the same nose.obj as 3\n",), ALIKE, ("13 like 3",)
        ),
        "a wrong count": Case(
            remove("REALY_scan_region/3", "REALY_HIFI3D_keypoints/3.obj", "REALY_image/*/3.jpg"),
            ("warning: no subject has the number 3\n",),
            "samples",
            ("3",),
        ),
        "a renamed folder": Case(
            rename("REALY_scan_region/3"),
            ("not recognised: REALY_scan_region/third/nose.obj\n", "left out: 3: without nose.obj, "),
            LEFT_OUT,
            ("3",),
        ),
    },
    "geogen": {
        "a removed file": Case(
            remove("**/subj_id_3/5.png"),
            ("left out: subj_id_3: 6 of 7 views, without 5.png\n",),
            LEFT_OUT,
            ("subj_id_3",),
        ),
        "a doubled subject": Case(
            double_views,
            ("warning: subj_id_12 has the same 0.png as subj_id_3\n",),
            ALIKE,
            ("subj_id_12 like subj_id_3",),
        ),
        "a wrong count": Case(
            remove("**/subj_id_3", "metadata_files/metadata_id_3.json"),
            ("warning: no subject has the number 3\n",),
            "samples",
        ),
        "a renamed folder": Case(
            rename("**/subj_id_3"),
            (
                "left out: subj_id_3: 0 of 7 views, ",
                "left out: third: no metadata with its cameras\n",
                "warning: named unlike subj_id_0: third\n",
            ),
            LEFT_OUT,
            ("subj_id_3", "third"),
        ),
        "a folder renamed to another's words": Case(
            rename("**/subj_id_3", "head_3"),
            (
                "warning: named unlike subj_id_0: head_3\n",
                "warning: 1 files of cameras were given away by number alone: metadata_files/metadata_id_3.json of ",
                "metadata_id_3.json of subj_id_3 to head_3\n",
            ),
            None,
        ),
    },
}
FACES = {
    "a removed file": Case(
        remove("uv-maps/*/000003.png"), ("left out: 000003: without its UV map\n",), LEFT_OUT, ("000003",)
    ),
    "a doubled subject": Case(
        double_face, ("warning: 000012 has the same uv.png as 000003\n",), ALIKE, ("000012 like 000003",)
    ),
    "a wrong count": Case(forget_face, (), "samples"),
    "a renamed folder": Case(
        rename("face-latents/000003"),
        (
            "warning: 3 files lie in a folder that is not called after their face: face-latents/third/",
            "third/000003_front_latent.pt\n",
        ),
        None,
    ),
}
CASES |= {"ffhq-uv": FACES, "ffhq-uv-interpolate": FACES}


def audited(release: Path, *arguments: object) -> dict[str, tuple[Any, Any, list[str]]]:
    said = releases.turboshard("audit", release, *arguments, "--json", check=None).stdout
    return {
        one["what"]: (one["expected"], one["found"], one["keys"]) for one in json.loads(said)["differences"]
    }


@pytest.mark.parametrize(
    ("dataset", "name"), [(dataset, name) for dataset in CASES for name in CASES[dataset]]
)
def test_what_befalls_a_download_is_said(
    sources: dict[str, Path], tmp_path: Path, dataset: str, name: str
) -> None:
    case, figures = CASES[dataset][name], FIGURES[dataset]
    whole, source = tmp_path / "whole", Path(shutil.copytree(sources[dataset], tmp_path / "source"))
    before = releases.turboshard("pack", dataset, source, "-o", whole)
    assert "warning: n" not in before.stderr
    case.damage(source)
    said = releases.turboshard("pack", dataset, source, "-o", tmp_path / "release", check=None)
    assert said.returncode == ("left out: " in said.stderr)
    for words in case.said:
        assert words in said.stderr
        assert words not in before.stderr
    told, usual = (audited(path, "--as", figures) for path in (tmp_path / "release", whole))
    if case.difference is None:
        return
    assert told[case.difference] != usual.get(case.difference)
    _, _, keys = told[case.difference]
    assert not set(case.named) - set(keys)
    if case.difference in (LEFT_OUT, ALIKE):
        # The release says so itself, whatever it is held against.
        assert case.difference not in audited(whole)
        assert case.difference in audited(tmp_path / "release")
