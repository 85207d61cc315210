"""What befalls downloads, for each data set: a file is removed, a subject doubled or missing, a folder renamed.

`pack` says so, and `audit` differs from that of the whole set, whether held against the publisher's figures or against
the manifest of the release; and nothing is told twice.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from . import releases
from .seed_damages import CASES, FIGURES, SUBJECTS, rename


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
def downloads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each data set's files, whole, as they are downloaded."""
    root = tmp_path_factory.mktemp("downloads")
    found = {}
    for dataset in FIGURES:
        source = root / dataset
        if dataset == "reghead":
            frames(source)
        else:
            releases.turboshard("synth", source, "--dataset", dataset, "--identities", SUBJECTS, "--size", 16)
        found[dataset] = source
    return found


@pytest.fixture(scope="module")
def sources(downloads: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same, unpacked."""
    root = Path(shutil.copytree(downloads["reghead"].parent, tmp_path_factory.mktemp("sources") / "all"))
    unpack(root)
    return {dataset: root / dataset for dataset in FIGURES}


def audited(release: Path, *arguments: object) -> dict[str, tuple[Any, Any, list[str]]]:
    said = releases.turboshard("audit", release, *arguments, "--json", check=None).stdout
    return {
        one["what"]: (one["expected"], one["found"], one["keys"]) for one in json.loads(said)["differences"]
    }


BESIDE = {
    "headspace": ("headspacePngTka/subjects/00001/1/1A.png", "poseNormalised/angles.xlsx"),
    "ffhq-uv": ("dataset_project/attributes_ms_api/000001.pkl",),
}
"""What publishers ship with it, and is no part of any sample."""


def told(release: Path) -> dict[str, list[str]]:
    """What differs from its own manifest: by reason, whom it concerns."""
    said = releases.turboshard("audit", release, "--json", check=None)
    found = json.loads(said.stdout)
    assert found["figures"] == "its own manifest"
    assert said.returncode == bool(found["differences"])
    reasons = {one["reason"]: one["keys"] for one in found["differences"]}
    assert len(reasons) == len(found["differences"])
    lines = releases.turboshard("audit", release, check=None).stdout
    assert all(f"[{reason}] " in lines for reason in reasons)
    return reasons


@pytest.mark.parametrize("dataset", FIGURES)
def test_a_whole_download_audits_clean(
    downloads: dict[str, Path], sources: dict[str, Path], tmp_path: Path, dataset: str
) -> None:
    for number, source in enumerate((downloads[dataset], sources[dataset])):
        dst, papers = tmp_path / str(number), Path(shutil.copytree(source, tmp_path / f"source{number}"))
        # What is for people and desktops has been lost by nobody.
        for name in ("README.md", "readme.txt", ".DS_Store", "LICENSE", *BESIDE.get(dataset, ())):
            (papers / name).parent.mkdir(parents=True, exist_ok=True)
            (papers / name).write_text("x")
        said = releases.turboshard("pack", dataset, papers, "-o", dst, "--name", "trial").stderr
        assert "not recognised: README.md\n" in said
        assert told(dst) == {}
        assert releases.turboshard("audit", dst).stdout.endswith("nothing differs\n")


def test_what_stood_out_belongs_to_the_release_that_was_packed(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    source = Path(shutil.copytree(sources["ffhq-uv"], tmp_path / "source"))
    for face in range(8):
        rename(f"face-latents/00000{face}", f"face {face}")(source)
    dst = tmp_path / "release"
    releases.turboshard("pack", "ffhq-uv", source, "-o", dst, "--name", "trial")
    assert told(dst) == {"folder-name": [f"face-latents/face {face}/ (3 files)" for face in range(8)]}
    path = dst / "metadata/release_manifest.json"
    manifest = json.loads(path.read_text())
    (finding,) = manifest["provenance"]["pack"]["findings"]
    assert (finding["reason"], finding["count"], len(finding["names"])) == ("folder-name", 8, 8)
    # A code of a later version is told, and what is no finding at all is passed over.
    manifest["provenance"]["pack"]["findings"] = [
        {"reason": "new", "count": 2, "names": ["a"]},
        7,
        {"count": 1},
    ]
    path.write_text(json.dumps(manifest))
    assert told(dst) == {"new": ["a"]}
    # As with those that were left out, what is made of it answers for itself.
    releases.turboshard("reshard", dst, "-o", tmp_path / "part", "--first", 2, "--name", "part")
    assert told(tmp_path / "part") == {}


@pytest.mark.parametrize(
    ("dataset", "name"), [(dataset, name) for dataset in CASES for name in CASES[dataset]]
)
def test_what_befalls_a_download_is_said(
    sources: dict[str, Path], tmp_path: Path, dataset: str, name: str
) -> None:
    case, figures = CASES[dataset][name], FIGURES[dataset]
    whole, source = tmp_path / "whole", Path(shutil.copytree(sources[dataset], tmp_path / "source"))
    before = releases.turboshard("pack", dataset, source, "-o", whole, "--name", "trial")
    assert "warning: n" not in before.stderr
    case.damage(source)
    trial = ("-o", tmp_path / "release", "--name", "trial")
    said = releases.turboshard("pack", dataset, source, *trial, check=None)
    assert said.returncode == ("left out: " in said.stderr)
    for words in case.said:
        assert words in said.stderr
        assert words not in before.stderr
    found = told(tmp_path / "release")
    assert found.keys() == case.found.keys()
    for reason, wanted in case.found.items():
        assert all(any(words in key for words in wanted) for key in found[reason])
        assert all(any(words in key for key in found[reason]) for words in wanted)
    held, usual = (audited(path, "--as", figures) for path in (tmp_path / "release", whole))
    assert held[case.difference] != usual.get(case.difference)
    _, _, keys = held[case.difference]
    assert not set(case.named) - set(keys)
    # A number that nobody has is told as one of the subjects that are missing.
    if dataset in ("headspace", "realy"):
        assert "numbers that no subject of the source has" not in held
