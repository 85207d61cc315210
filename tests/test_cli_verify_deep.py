"""`turboshard verify --deep`: a line for each problem, and what to do about it."""

import json
import time
from pathlib import Path

import pytest

import turboshard as ts

from . import releases
from . import strategies as make
from .reference import shard as reference
from .releases import turboshard

SAMPLES = releases.samples(6, 24, releases.EXPRESSIONS[:2])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return releases.write(tmp_path / "r", SAMPLES, per_shard=3, name="reghead-v1-24")


def details(stdout: str) -> list[dict[str, str]]:
    """The lines about what is inside, cut at blanks."""
    rows = [line.split(": FAILED ", 1)[1] for line in stdout.splitlines() if ": FAILED member=" in line]
    return [dict(part.split("=", 1) for part in row.split(" ")) for row in rows]


def test_a_good_release_has_ok_lines_only(root: Path) -> None:
    done = turboshard("verify", root, "--deep")
    assert [line.rsplit(": ", 1)[1] for line in done.stdout.splitlines()] == ["OK", "OK"]
    report = ts.verify(root, deep=True)
    assert report.ok
    assert [shard.num_samples for shard in report.shards] == [3, 3]


def test_a_flipped_header_bit_is_named_with_the_bytes_to_fetch(root: Path) -> None:
    first = releases.shards(root)[0]
    members = reference.members(first)
    hit = members[4]
    first.write_bytes(make.flip(first.read_bytes(), hit.header * 8 + 3 * 8))
    done = turboshard("verify", root, "--deep", check=1)
    rows = details(done.stdout)
    assert {"member": "-", "offset": str(hit.header), "reason": "header-checksum"} in rows
    assert {row["reason"] for row in rows} == {"header-checksum", "missing-field"}
    told = json.loads(turboshard("verify", root, "--deep", "--json", check=1).stdout)
    (fetch,) = told["fetch"]
    assert fetch["ranges"] == [[hit.header, members[5].header]]
    assert fetch["whole"] is False
    (bad,) = [shard for shard in told["shards"] if shard["outcome"] != "ok"]
    assert bad["bad"] == [hit.key]
    assert set(bad["good"]) == {m.key for m in members} - {hit.key}
    # Putting those bytes right puts the shard right.
    whole = releases.write(root.parent / "again", SAMPLES, per_shard=3, name="reghead-v1-24")
    good, data = releases.shards(whole)[0].read_bytes(), bytearray(first.read_bytes())
    for start, end in fetch["ranges"]:
        data[start:end] = good[start:end]
    first.write_bytes(data)
    assert turboshard("verify", root, "--deep").returncode == 0


def test_a_wrong_digest_that_shows_nowhere_asks_for_all_and_a_cut_for_the_tail(root: Path) -> None:
    first, second = releases.shards(root)
    size = first.stat().st_size
    content = first.read_bytes()
    json_at = next(m for m in reference.members(first) if m.field == "json").offset
    assert content[json_at + 1 : json_at + 2] == b"\n"
    first.write_bytes(content[: json_at + 1] + b" " + content[json_at + 2 :])
    second.write_bytes(second.read_bytes()[:-20000])
    cut = second.stat().st_size
    told = json.loads(turboshard("verify", root, "--deep", "--json", check=1).stdout)
    assert [fetch["ranges"] for fetch in told["fetch"]] == [[[0, size]], [[cut, cut + 20000]]]
    assert [fetch["whole"] for fetch in told["fetch"]] == [True, False]


def test_a_picture_that_was_published_broken(tmp_path: Path) -> None:
    samples = [list(sample) for sample in SAMPLES]
    name, picture = samples[2][0]
    samples[2][0] = (name, picture[: len(picture) // 2])
    root = releases.write(tmp_path / "r", samples, per_shard=3)
    assert turboshard("verify", root).returncode == 0
    done = turboshard("verify", root, "--deep", check=1)
    (row,) = details(done.stdout)
    assert (row["member"], row["reason"]) == (name, "image-truncated")
    report = ts.verify(root, deep=True)
    (problem,) = report.problems
    assert (problem.key, problem.field, problem.member) == (releases.key(2), name.split(".", 1)[1], name)
    assert report.fetch == []
    with pytest.raises(ts.DecodeError) as raised:
        report.raise_for_problems()
    assert raised.value.member == name


def test_a_selected_release_is_whole(root: Path, tmp_path: Path) -> None:
    turboshard("reshard", root, "-o", tmp_path / "one", "--select", "open_m_open_e")
    turboshard("verify", tmp_path / "one", "--deep")
    turboshard("reshard", root, "-o", tmp_path / "png", "--format", "png")
    turboshard("verify", tmp_path / "png", "--deep")


def test_what_has_no_list_is_looked_into(root: Path) -> None:
    alone = root.parent / "alone.tar"
    alone.write_bytes(releases.shards(root)[0].read_bytes())
    assert turboshard("verify", alone, "--deep").stdout == f"{alone}: OK\n"
    data = alone.read_bytes().rstrip(b"\0")
    alone.write_bytes(data.ljust(-(-len(data) // 512) * 512, b"\0"))
    assert details(turboshard("verify", alone, "--deep", check=1).stdout)[0]["reason"] == "no-end-marker"
    done = turboshard("verify", alone, "--deep", "--lenient")
    assert "WARNING member=- offset=" in done.stderr


def test_a_receipt(root: Path, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    time.sleep(0.05)
    assert "receipt" not in turboshard("verify", root, "--deep", "--receipt", receipt).stderr
    again = turboshard("verify", root, "--deep", "--receipt", receipt)
    assert "2 files" in again.stderr
    first = releases.shards(root)[0]
    first.write_bytes(make.flip(first.read_bytes(), 99))
    done = turboshard("verify", root, "--deep", "--receipt", receipt, check=1)
    assert "1 file" in done.stderr
    assert done.stdout.splitlines()[0].endswith("FAILED")
    receipt.write_text("shopping list")
    assert turboshard("verify", root, "--receipt", receipt, check=2).stdout == ""
    assert receipt.read_text() == "shopping list"


def test_names_are_one_word_whatever_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "s.tar"
    path.write_bytes(make.gnu_shard([("a b\n\u2028.jpg", b"no picture")]))
    (row,) = details(turboshard("verify", path, "--deep", check=1).stdout)
    assert row["reason"] == "not-an-image"
    assert json.loads(row["member"]) == "a b\n\u2028.jpg"
