"""Damaged sources, interruptions, full disks: a clear error, and nothing lost or half-written."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import releases
from . import strategies as make
from .reference import digest, image, release
from .reference import shard as reference
from .releases import turboshard
from .resharding import KEYS, SAMPLES, assert_sound, manifest, own, resharded

# ---------------------------------------------------------------- a source that is not what it says


def padding_bit(path: Path, number: int) -> int:
    """A bit in the padding of a sample's first member."""
    member = reference.samples(reference.members(path))[number][0]
    assert member.size % 512
    return (member.offset + member.size) * 8 + 1


def space_bit(path: Path, number: int) -> int:
    """A bit in the white space of a sample's JSON."""
    member = reference.samples(reference.members(path))[number][-1]
    data = path.read_bytes()
    at = data.index(b"\n ", member.offset)
    assert at < member.offset + member.size
    return at * 8  # 0x0a becomes 0x0b, and a JSON reader that is lax about it sees no difference


@pytest.mark.parametrize("where", [padding_bit, space_bit])
@pytest.mark.parametrize("options", [["--size", 32], []], ids=str)
def test_a_flipped_bit_that_no_picture_shows_publishes_nothing_that_draws_on_it(
    source: Path, tmp_path: Path, where: Callable[[Path, int], int], options: list[Any]
) -> None:
    bad = own(source, tmp_path)
    path = releases.shards(bad)[1]
    path.write_bytes(make.flip(path.read_bytes(), where(path, 2)))
    out = tmp_path / "out"
    done = turboshard("reshard", bad, "-o", out, "--max-shard-size", "40KiB", *options, check=1)
    assert path.name in done.stderr
    published = {key for shard in releases.shards(out) for key, _ in reference.contents(shard)}
    assert not published & set(KEYS[4:8])
    assert not (out / "checksums/SHA256SUMS").exists()
    assert not (out / "metadata/release_manifest.json").exists()
    # The source mended, the same command goes on and ends as if nothing had been.
    path.write_bytes(releases.shards(source)[1].read_bytes())
    turboshard("reshard", bad, "-o", out, "--max-shard-size", "40KiB", "--name", "own", *options, check=None)
    turboshard("reshard", bad, "-o", out, "--max-shard-size", "40KiB", *options)
    assert_sound(out)


def test_without_sums_the_provenance_says_so(source: Path, tmp_path: Path) -> None:
    bare = releases.write(tmp_path / "bare", SAMPLES, sums=False, manifest=False)
    resharded(bare, out=tmp_path / "a")
    resharded(source, out=tmp_path / "b")
    assert manifest(tmp_path / "a")["provenance"]["source_verified"] is False
    assert manifest(tmp_path / "b")["provenance"].get("source_verified", True) is True
    text = json.dumps(manifest(tmp_path / "b")["provenance"])
    for path in releases.shards(source):
        assert digest.sha256_of_file(path) in text


@pytest.mark.parametrize("damage", ["truncated", "missing", "text"])
def test_damaged_sources(source: Path, tmp_path: Path, damage: str) -> None:
    bad = own(source, tmp_path)
    path = releases.shards(bad)[1]
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-20_000])
    elif damage == "missing":
        path.unlink()
    else:
        path.write_text("no tar\n" * 1000)
    done = turboshard("reshard", bad, "-o", tmp_path / "out", "--size", 32, check=None)
    assert done.returncode in ((1, 3) if damage == "missing" else (1,))
    assert path.name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out/checksums/SHA256SUMS").exists()


# ---------------------------------------------------------------- interruptions


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source that takes a good part of a second: 48 samples of 3 pictures at 512."""
    root = tmp_path_factory.mktemp("slow") / "reghead-v1-512"
    pictures = [make.jpeg(make.picture(512, 512, 3, n), quality=95) for n in range(3)]
    samples = [
        [
            (f"{n:08d}_id{n:03d}_x_{n:08x}.{e}.jpg", pictures[(n + i) % 3])
            for i, e in enumerate(releases.EXPRESSIONS[:3])
        ]
        + [(f"{n:08d}_id{n:03d}_x_{n:08x}.json", json.dumps({"identity": f"id{n:03d}_x"}).encode())]
        for n in range(48)
    ]
    return releases.write(root, samples, per_shard=16, name="reghead-v1-512")


SLOW = ["--size", "256", "--max-shard-size", "600KiB"]


@pytest.fixture(scope="module")
def slow_tree(slow: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run of it makes."""
    out = tmp_path_factory.mktemp("calm") / "out"
    turboshard("reshard", slow, "-o", out, *SLOW)
    return releases.tree(out)


def final_names(out: Path) -> list[Path]:
    return releases.shards(out) if out.exists() else []


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_stopped_and_started_again(
    slow: Path, slow_tree: dict[str, bytes], tmp_path: Path, sent: signal.Signals
) -> None:
    out, stopped = tmp_path / "out", 0
    command = [*releases.COMMAND, "reshard", str(slow), "-o", str(out), *SLOW, "-j", "1"]
    for parts in (4, 14, 30):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # By its progress and not by the clock: it is too fast for that on some machines.
        while child.poll() is None and len(list(out.glob(".reshard/parts/*.part"))) < parts:
            time.sleep(0.001)
        if child.poll() is None:
            stopped += 1
            child.send_signal(sent)
        _, errors = child.communicate(timeout=60)
        if sent is signal.SIGINT and child.returncode not in (0, -sent):
            assert child.returncode == 130, errors
            assert "Traceback" not in errors
        # Whatever has its final name is whole and right.
        for path in final_names(out):
            assert path.read_bytes() == slow_tree[f"data/{path.name}"]
    assert stopped >= 1, "the run must be long enough to be stopped"
    done = turboshard("reshard", slow, "-o", out, *SLOW)
    assert releases.tree(out) == slow_tree
    assert_sound(out)
    assert (done.stdout + done.stderr).strip()


def test_it_reuses_what_was_done(slow: Path, tmp_path: Path) -> None:
    command = [*releases.COMMAND, "reshard", str(slow), *SLOW, "-j", "1", "-o"]
    start = time.monotonic()
    subprocess.run([*command, tmp_path / "whole"], check=True, capture_output=True)
    whole = time.monotonic() - start
    out = tmp_path / "whole"
    for fraction in (
        0.8,
        0.7,
        0.6,
        0.5,
        0.4,
    ):  # a machine that became idle meanwhile is through before it is killed
        out = tmp_path / f"{fraction}"
        child = subprocess.Popen([*command, out], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(whole * fraction)
        child.kill()
        child.communicate()
        if not (out / "checksums/SHA256SUMS").exists():
            break
    told = json.loads(turboshard("reshard", slow, "-o", out, *SLOW, "--json").stdout)
    assert told["reused_images"] + told["redone_images"] == 3 * 48
    assert told["reused_images"] > 0


def test_a_finished_release_is_left_alone(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    turboshard("reshard", source, "-o", out, "--size", 32)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in out.rglob("*") if p.is_file()}
    turboshard("reshard", source, "-o", out, "--size", 32)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in out.rglob("*") if p.is_file()} == before != {}


def test_other_options_or_another_source_are_refused(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    turboshard("reshard", source, "-o", out, "--size", 32)
    before = releases.tree(out)
    other = releases.write(tmp_path / "other", SAMPLES[:4], per_shard=2)
    for arguments in ([source, "--size", 16], [source, "--size", 32, "--quality", 90], [other, "--size", 32]):
        done = turboshard("reshard", *arguments, "-o", out, check=2)
        assert "--overwrite" in done.stderr
        assert releases.tree(out) == before
    turboshard("reshard", source, "--size", 16, "-o", out, "--overwrite")
    assert_sound(out)
    assert image.decode(release.samples_of(out)[0][0][1]).shape == (16, 16, 3)


def test_a_folder_with_other_things_in_it_is_refused(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    turboshard("reshard", source, "-o", out, "--size", 32, "--overwrite", check=None)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_a_destination_that_holds_the_source_is_refused(source: Path, tmp_path: Path) -> None:
    root = own(source, tmp_path)
    before = releases.tree(root)
    for out in (root, root / "data"):
        for options in ([], ["--overwrite"]):
            turboshard("reshard", root, "-o", out, "--size", 32, *options, check=2)
            assert releases.tree(root) == before


def test_two_at_once_do_not_mix(slow: Path, slow_tree: dict[str, bytes], tmp_path: Path) -> None:
    command = [*releases.COMMAND, "reshard", str(slow), "-o", str(tmp_path / "out"), *SLOW]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    runs = [subprocess.Popen(command, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    errors = [run.communicate(timeout=120)[1] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert codes[0] == 0, errors
    assert set(codes) <= {0, 2}, errors
    assert releases.tree(tmp_path / "out") == slow_tree


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".", "a b", "x\n"])
def test_names_that_are_no_names(source: Path, tmp_path: Path, name: str) -> None:
    turboshard("reshard", source, "-o", tmp_path / "out", "--name", name, check=2)
    assert not list(tmp_path.rglob("*.tar"))


# ---------------------------------------------------------------- the environment fails


def limited() -> None:
    """No file above 20 kB: writes fail as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.parametrize("options", [["--size", 32], []], ids=str)
def test_a_file_that_cannot_grow(source: Path, tmp_path: Path, options: list[Any]) -> None:
    out = tmp_path / "out"
    done = turboshard("reshard", source, "-o", out, *options, check=3, preexec_fn=limited)
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert not final_names(out)
    assert not (out / "checksums/SHA256SUMS").exists()
    turboshard("reshard", source, "-o", out, *options)
    assert_sound(out)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 KiB, where the machine lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk(source: Path, tmp_path: Path, small_disk: Path) -> None:
    out = small_disk / "out"
    assert sum(p.stat().st_size for p in releases.shards(source)) > 128 * 1024
    done = turboshard("reshard", source, "-o", out, check=3)
    assert "space" in done.stderr.lower()
    for path in final_names(out):
        assert len(reference.members(path)) > 0
    assert not (out / "checksums/SHA256SUMS").exists()
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    turboshard("reshard", source, "-o", out)
    assert_sound(out)
    turboshard("reshard", source, "-o", tmp_path / "calm")
    assert releases.tree(out) == releases.tree(tmp_path / "calm")


def test_a_folder_that_cannot_be_made(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file/out", Path("/proc/turboshard-out"), Path("/sys/out")):
        done = turboshard("reshard", source, "-o", out, "--size", 32, check=None)
        assert done.returncode == 3, out
        assert str(out.parent) in done.stderr or out.name in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(source: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    turboshard("reshard", source, "-o", tmp_path / "closed/out", "--size", 32, check=3)
