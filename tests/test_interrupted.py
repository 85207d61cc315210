"""Killed at random moments, out of disk, cut off: nothing torn under a final name, and the same command completes.

`make soak` sets TURBOSHARD_KILLS to a thousand.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from . import releases
from .releases import COMMAND, turboshard

KILLS = int(os.environ.get("TURBOSHARD_KILLS", "20"))
SAMPLES = releases.samples(10, 48)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and RLIMIT_FSIZE are POSIX's")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    turboshard("synth", root / "geogen", "--dataset", "geogen", "--identities", 6, "--size", 64)
    return releases.write(root / "reghead-v1-48", SAMPLES, per_shard=4)


def visible(root: Path) -> dict[str, bytes]:
    """Every file that has a final name: those a dot starts are work, and say so."""
    files = releases.tree(root)
    return {
        name: data for name, data in files.items() if not any(p.startswith(".") for p in Path(name).parts)
    }


def command(verb: str, source: Path, out: Path) -> list[str]:
    """The work to be interrupted."""
    if verb == "index":
        return ["index", *map(str, releases.shards(source)), "--format", "wids", "-o", str(out)]
    small = ["-j", "2", "--max-shard-size"]
    if verb == "synth":
        return ["synth", str(out), "--identities", "3", "--size", "128", *small, "96KiB"]
    if verb == "pack":
        return ["pack", "geogen", str(source.parent / "geogen"), "-o", str(out), *small, "96KiB"]
    return ["reshard", str(source), "-o", str(out), "--size", "96", "--allow-upscale", *small, "48KiB"]


@pytest.mark.parametrize("verb", ["reshard", "synth", "pack"])
def test_killed_at_random_moments(source: Path, tmp_path: Path, verb: str) -> None:
    whole = tmp_path / "whole"
    begun = time.monotonic()
    turboshard(*command(verb, source, whole))
    lasts = time.monotonic() - begun
    expected = visible(whole)
    assert len(expected) > 6
    chance = random.Random(verb)
    out, landed, rounds = tmp_path / "out", 0, 0
    while landed < KILLS:
        rounds += 1
        assert rounds < 20 * KILLS, "the kills come too late"
        if rounds % 4 == 0:  # several kills on one folder, then a new one
            shutil.rmtree(out, ignore_errors=True)
        process = subprocess.Popen(
            [*COMMAND, *command(verb, source, out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(chance.uniform(0.25 * lasts, 1.05 * lasts))
        except subprocess.TimeoutExpired:
            process.kill()
        landed += process.wait() == -signal.SIGKILL
        found = visible(out) if out.exists() else {}
        assert {name: data for name, data in found.items() if expected.get(name) != data} == {}, "torn"
        if rounds % 4 == 3:
            # What synth and pack have finished is refused, as any folder that holds something.
            done = turboshard(*command(verb, source, out), check=None)
            assert done.returncode == 0 or (verb != "reshard" and found == expected), done.stderr
            assert visible(out) == expected


def test_a_killed_index_leaves_the_old_one_or_the_new_one(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "index.json"
    turboshard(*command("index", source, out))
    expected = out.read_bytes()
    chance, landed = random.Random(1), 0
    for _ in range(20 * KILLS):
        out.write_bytes(b"old")
        process = subprocess.Popen([*COMMAND, *command("index", source, out)], stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.01, 0.4))
        except subprocess.TimeoutExpired:
            process.kill()
        landed += process.wait() == -signal.SIGKILL
        assert out.read_bytes() in (b"old", expected)
        if landed >= max(KILLS // 4, 5):
            break
    assert landed >= 5


def limited(arguments: list[str], limit: int) -> subprocess.CompletedProcess[str]:
    """Run with files of at most `limit` bytes: every file system can be full for a test."""

    def lower() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*COMMAND, *arguments], preexec_fn=lower, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("verb", ["reshard", "synth", "pack"])
@pytest.mark.parametrize("limit", [0, 700, 5000, 20000])
def test_no_room_is_an_error_and_more_room_completes(
    source: Path, tmp_path: Path, verb: str, limit: int
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    turboshard(*command(verb, source, whole))
    expected = visible(whole)
    done = limited(command(verb, source, out), limit)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("turboshard: ")
    assert len(done.stderr.splitlines()) == 1
    found = visible(out) if out.exists() else {}
    assert all(expected[name] == data for name, data in found.items())
    assert not (out / "metadata/release_manifest.json").exists()
    turboshard(*command(verb, source, out))
    assert visible(out) == expected


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_full_file_system(source: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this container may not mount")
    try:
        done = turboshard(*command("reshard", source, small / "out"), check=3)
        assert "No space left on device" in done.stderr
        assert not (small / "out/metadata/release_manifest.json").exists()
        assert releases.shards(small / "out") == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_shard_cut_while_it_is_verified_is_an_error_and_no_signal(tmp_path: Path) -> None:
    root = releases.write(tmp_path / "r", SAMPLES, per_shard=10)
    shard = releases.shards(root)[0]
    for keep in (0, 512, shard.stat().st_size // 2):
        data = shard.read_bytes()
        process = subprocess.Popen(
            [*COMMAND, "verify", str(root), "--deep"], stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.1)
        os.truncate(shard, keep)
        out, _ = process.communicate(timeout=60)
        assert process.returncode in (0, 1)
        assert process.returncode == 0 or "FAILED" in out
        shard.write_bytes(data)
