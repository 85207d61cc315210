"""What goes along with a release on its way to others: licence, citation, origin, README, and what forbids it."""

import json
from pathlib import Path
from typing import Any

import pytest

import turboshard as ts
from turboshard.cli.output import Settings
from turboshard.cli.publishing import GITHUB_LIMIT, say_how_to_publish

from . import releases

TOLD = {"license": 'Snap: "NC"', "citation": "@inproceedings{x}", "source": "https://example.org"}


def manifest(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((root / "metadata/release_manifest.json").read_bytes())
    return told


def said_of(root: Path) -> dict[str, str]:
    told = manifest(root)
    return {name: told[name] for name in TOLD if name in told}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release whose publisher says all there is to say."""
    root = tmp_path_factory.mktemp("spoken")
    for number in range(4):
        folder = root / "frames" / releases.identity(number)
        folder.mkdir(parents=True)
        for place, name in enumerate(releases.EXPRESSIONS):
            (folder / f"{name}.jpg").write_bytes(releases.picture(number, place, 32))
    (root / "frames/LICENSE.md").write_text("Non-commercial.\n")
    ts.pack("reghead", root / "frames", root / "release", **TOLD)  # type: ignore[arg-type]
    return root / "release"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("private")
    ts.synth_source("realy", root / "src", subjects=2, size=32)
    ts.pack("realy", root / "src", root / "release")
    return root / "release"


def test_what_the_publisher_says_survives_resharding(spoken: Path, tmp_path: Path) -> None:
    assert said_of(spoken) == TOLD
    source = spoken
    for generation in range(2):
        dst = tmp_path / f"to{generation}"
        said = releases.turboshard("reshard", source, "-o", dst, "--size", 16 - generation)
        assert said_of(dst) == TOLD
        assert (dst / "LICENSE.md").read_text() == "Non-commercial.\n"
        readme = (dst / "README.md").read_text()
        card, text = readme.split("---\n")[1:]
        assert 'license_name: "Snap: \\"NC\\""\nlicense_link: LICENSE.md\n' in card
        assert '  - split: train\n    path: "data/*.tar"\n' in card
        assert "4 samples, 40 images" in text
        assert "## Citation\n@inproceedings{x}\n" in text
        name = manifest(dst)["name"]
        assert f"publish: gh release create {name} {dst}/data/*.tar " in said.stderr
        assert f"publish: hf upload-large-folder OWNER/{name} {dst} --repo-type dataset\n" in said.stderr
        assert "warning" not in said.stderr
        assert ts.verify(dst).ok
        source = dst
    before = releases.tree(source)
    said = releases.turboshard("reshard", tmp_path / "to0", "-o", source, "--size", 15)
    assert "it was there already" in said.stderr
    assert releases.tree(source) == before


def test_options_have_the_last_word(spoken: Path, tmp_path: Path) -> None:
    dst = tmp_path / "to"
    arguments = ["reshard", spoken, "-o", dst, "--license", "CC0-1.0", "--source", "a mirror"]
    releases.turboshard(*arguments)
    assert said_of(dst) == TOLD | {"license": "CC0-1.0", "source": "a mirror"}
    ts.reshard(spoken, dst, license="CC0-1.0", origin="a mirror")
    releases.turboshard("reshard", spoken, "-o", dst, check=2)
    releases.turboshard("reshard", spoken, "-o", dst, "--overwrite")
    assert said_of(dst) == TOLD
    # A licence that changes makes another release, too.
    licence = spoken / "LICENSE.md"
    kept = licence.read_text()
    try:
        licence.write_text("Other terms.\n")
        releases.turboshard("reshard", spoken, "-o", dst, check=2)
        licence.unlink()
        releases.turboshard("reshard", spoken, "-o", dst, "--overwrite")
        assert not (dst / "LICENSE.md").exists()
    finally:
        licence.write_text(kept)


def test_of_several_sources_all_are_named(spoken: Path, private: Path, tmp_path: Path) -> None:
    dst = tmp_path / "to"
    said = releases.turboshard("reshard", spoken, private, "-o", dst, "--name", "both")
    assert manifest(dst)["license"] == f"{TOLD['license']}; Headspace's agreement: not to be passed on"
    assert manifest(dst)["provenance"]["datasets"] == ["reghead", "realy"]
    assert "warning: REALY is Headspace's data" in said.stderr
    assert "publish" not in said.stderr.replace("not published", "")


def test_what_may_not_be_passed_on_is_said_of_all_that_is_made_of_it(private: Path, tmp_path: Path) -> None:
    source = private
    for generation in range(2):
        dst = tmp_path / f"to{generation}"
        said = releases.turboshard("reshard", source, "-o", dst, "--first", 2 - generation)
        assert (
            "warning: REALY is Headspace's data and under its agreement: this release may be used, "
            in said.stderr
        )
        assert "gh release" not in said.stderr
        assert "hf upload" not in said.stderr
        assert "**REALY is Headspace's data" in (dst / "README.md").read_text()
        assert manifest(dst)["license"] == "Headspace's agreement: not to be passed on"
        told = json.loads(
            releases.turboshard("reshard", source, "-o", dst, "--first", 2 - generation, "--json").stdout
        )
        assert (told["finished_before"], told["publishable"]) == (True, False)
        assert len(told["warnings"]) == 1
        source = dst


def test_splits_are_configurations(spoken: Path, tmp_path: Path) -> None:
    dst = tmp_path / "to"
    releases.turboshard("reshard", spoken, "-o", dst, "--split", "train=.5,val=.5", "--name", "heads")
    card = (dst / "README.md").read_text().split("---\n")[1]
    for split in ("train", "val"):
        assert f'  - split: {split}\n    path: "data/heads-{split}-*.tar"\n' in card
        assert list(dst.glob(f"data/heads-{split}-*.tar"))


def test_a_folder_without_lists_gives_nothing_along(spoken: Path, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("of the folder that somebody works in")
    shard = tmp_path / "a.tar"
    shard.write_bytes(releases.shards(spoken)[0].read_bytes())
    releases.turboshard("reshard", shard, "-o", tmp_path / "to")
    assert not (tmp_path / "to/LICENSE").exists()
    assert said_of(tmp_path / "to") == {}
    assert "license" not in (tmp_path / "to/README.md").read_text()


def test_assets_that_github_refuses_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings()
    shards = [
        {"filename": "a-0.tar", "size": GITHUB_LIMIT - 1},
        {"filename": "a-1.tar", "size": GITHUB_LIMIT},
    ]
    say_how_to_publish(settings, "a", shards[:1], "to here")
    fits = capsys.readouterr().err
    assert "publish: gh release create a 'to here'/data/*.tar " in fits
    say_how_to_publish(settings, "a", shards, "to here")
    large = capsys.readouterr().err
    assert "1 shard too large for GitHub; a-1.tar has 2 GiB or more" in large
    assert "gh release create" not in large
    assert "hf upload-large-folder OWNER/a 'to here'" in large
