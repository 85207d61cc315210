"""`turboshard verify` against `sha256sum -c`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from . import releases
from . import strategies as make
from .commanding import SAMPLES, root  # noqa: F401 - fixtures
from .reference import release
from .releases import sha256sum, turboshard

# ---------------------------------------------------------------- verify


def damaged(root: Path) -> None:
    """The first shard changed, the second gone, the third good."""
    first, second, _ = releases.shards(root)
    first.write_bytes(make.flip(first.read_bytes(), 99))
    second.unlink()


FLAGS = [
    [],
    ["--quiet"],
    ["--status"],
    ["--ignore-missing"],
    ["--quiet", "--ignore-missing"],
    ["--warn"],
    ["--strict"],
]


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("state", ["good", "damaged"])
def test_verify_prints_what_sha256sum_prints(root: Path, flags: list[str], state: str) -> None:
    if state == "damaged":
        damaged(root)
    theirs, ours = sha256sum(root, *flags), turboshard("verify", root, *flags, check=None)
    assert ours.stdout == theirs.stdout
    assert ours.returncode == theirs.returncode == (0 if state == "good" else 1)
    if not flags:
        assert ours.stdout.splitlines() == release.check_sums(
            (root / "checksums/SHA256SUMS").read_text(), root
        )


def test_short_q_silences_progress_only(root: Path) -> None:
    done = turboshard("verify", root, "-q")
    assert done.stdout == sha256sum(root).stdout != ""
    assert done.stderr == ""


@pytest.mark.parametrize("style", ["binary", "tag", "crlf", "upper", "escaped"])
def test_sum_files_of_other_styles(root: Path, style: str) -> None:
    file = root / "checksums/SHA256SUMS"
    names = [f"data/{path.name}" for path in releases.shards(root)]
    if style == "escaped":
        (root / names[0]).rename(root / "data/new\nline.tar")
        names[0] = "data/new\nline.tar"
    option = {"binary": ["-b"], "tag": ["--tag"]}.get(style, [])
    text = subprocess.run(
        ["sha256sum", *option, *names], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    text = text.replace("\n", "\r\n") if style == "crlf" else text
    if style == "upper":
        text = "".join(line[:64].upper() + line[64:] + "\n" for line in text.splitlines())
    file.write_bytes(text.encode())
    shutil.rmtree(root / "metadata")
    lines = turboshard("verify", root).stdout
    assert len(lines.splitlines()) == 3
    if style != "crlf":  # sha256sum takes the CR for a part of the name
        assert lines == sha256sum(root).stdout
    first = releases.shards(root)[0]
    first.write_bytes(first.read_bytes() + b"\0")
    assert turboshard("verify", root, check=1).stdout.count(": FAILED\n") == 1


def test_a_malformed_line_matters_with_strict(root: Path) -> None:
    file = root / "checksums/SHA256SUMS"
    file.write_text(file.read_text() + "this is no line\n")
    for flags in ([], ["--warn"], ["--strict"]):
        theirs, ours = sha256sum(root, *flags), turboshard("verify", root, *flags, check=None)
        assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), flags


def test_a_flat_download(tmp_path: Path) -> None:
    root = releases.write(tmp_path / "r", SAMPLES, per_shard=2, layout="flat")
    lines = turboshard("verify", root).stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("data/") and line.endswith(": OK") for line in lines)


def test_base_sets_where_the_lines_start(root: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere/SHA256SUMS"
    moved.parent.mkdir()
    shutil.move(root / "checksums/SHA256SUMS", moved)
    shutil.rmtree(root / "metadata")
    assert turboshard("verify", moved, "--base", root).stdout.count(": OK") == 3


def test_an_extra_shard(root: Path) -> None:
    (root / "data/other.tar").write_bytes(make.gnu_shard([("a.b", b"")]))
    done = turboshard("verify", root)
    assert "extra" in done.stdout + done.stderr
    assert "other.tar" in done.stdout + done.stderr
    turboshard("verify", root, "--strict", check=1)


def test_nothing_to_check(tmp_path: Path) -> None:
    bare = releases.write(tmp_path / "r", SAMPLES, sums=False, manifest=False)
    for path in (bare, releases.shards(bare)[0]):
        done = turboshard("verify", path, check=1)
        assert "nothing to check" in done.stdout + done.stderr
    (bare / "checksums").mkdir()
    (bare / "checksums/SHA256SUMS").write_text("")
    done = turboshard("verify", bare, check=1)
    assert "nothing to check" in done.stdout + done.stderr, "a list of nothing"


def test_three_only_if_nothing_could_be_judged(root: Path, tmp_path: Path) -> None:
    turboshard("verify", tmp_path / "none", check=3)
    damaged(root)
    turboshard("verify", root, check=1)


def test_verify_one_shard_of_a_release(root: Path) -> None:
    path = releases.shards(root)[1]
    done = turboshard("verify", path)
    assert done.stdout == f"data/{path.name}: OK\n"


def test_verify_judges_what_is_there_beside_what_is_not(root: Path, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.tar"
    done = turboshard("verify", root, missing, check=1)
    lines = done.stdout.splitlines()
    assert len(lines) > 1
    assert lines[-1] == f"{missing}: FAILED open or read"
    assert all(line.endswith(": OK") for line in lines[:-1])
    assert turboshard("verify", missing, check=3).stdout == ""


def test_verify_json(root: Path) -> None:
    damaged(root)
    done = turboshard("verify", root, "--json", check=1)
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert told["ok"] is False
    assert len(told["shards"]) == 3


def test_a_path_that_climbs_out_is_refused(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.tar"
    secret.write_bytes(b"x")
    file = root / "checksums/SHA256SUMS"
    for path in ("../secret.tar", str(secret)):
        file.write_text(f"{'0' * 64}  {path}\n")
        done = turboshard("verify", root, check=None)
        assert done.returncode in (1, 3)
        assert ": FAILED\n" not in done.stdout, "it must not have been hashed"
