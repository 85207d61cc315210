"""`reshard --skip-bad`: what was published broken is left out and listed; what is not what was published stops it."""

import json
from pathlib import Path

import pytest

import turboshard as ts

from . import releases
from . import strategies as make
from .reference import digest, release
from .reference import shard as reference
from .releases import turboshard
from .resharding import KEYS, SAMPLES, assert_sound, keys_of, manifest

BAD = (2, 7)


def broken(root: Path) -> Path:
    """The source with a cut picture in one sample and torn JSON in another, published so."""
    samples = [list(sample) for sample in SAMPLES]
    name, picture = samples[BAD[0]][1]
    samples[BAD[0]][1] = (name, picture[: len(picture) * 2 // 3])
    name, text = samples[BAD[1]][-1]
    samples[BAD[1]][-1] = (name, text[:-20])
    return releases.write(root, samples, per_shard=4)


@pytest.mark.parametrize(
    "flags", [("--size", "32"), ("--first", "12"), ("--shuffle", "--max-samples", "3")], ids=" ".join
)
def test_bad_samples_are_left_out_and_listed(tmp_path: Path, flags: tuple[str, ...]) -> None:
    source, out = broken(tmp_path / "source"), tmp_path / "out"
    done = turboshard("reshard", source, "-o", out, "--skip-bad", *flags, check=1)
    kept = [key for number, key in enumerate(KEYS) if number not in BAD]
    assert sorted(keys_of(release.samples_of(out))) == sorted(kept)
    assert_sound(out)
    left_out = manifest(out)["left_out"]
    assert [row["key"] for row in left_out] == [KEYS[number] for number in BAD]
    assert left_out[0]["reason"].startswith("image-truncated: ")
    assert left_out[1]["reason"].startswith("json-invalid: ")
    assert all(key in done.stderr for key in (KEYS[n] for n in BAD))
    assert manifest(out)["provenance"]["options"]["skip_bad"] is True
    turboshard("verify", out, "--deep")
    again = turboshard("reshard", source, "-o", out, "--skip-bad", *flags, "--json", check=1)
    told = json.loads(again.stdout)
    assert told["finished_before"] is True
    assert told["left_out"] == left_out


def test_a_damaged_shard_yields_its_whole_samples(tmp_path: Path) -> None:
    """A flipped bit in a header of the first shard, the second cut behind its third sample; both published so."""
    source, out = releases.write(tmp_path / "source", SAMPLES, per_shard=4), tmp_path / "out"
    first, second, _ = releases.shards(source)
    runs = reference.samples(reference.members(first))
    first.write_bytes(make.flip(first.read_bytes(), 8 * runs[1][1].header))
    second.write_bytes(second.read_bytes()[: reference.samples(reference.members(second))[2][-1].end])
    sums = "".join(f"{digest.sha256_of_file(p)}  data/{p.name}\n" for p in releases.shards(source))
    (source / "checksums/SHA256SUMS").write_text(sums)
    (source / "metadata/release_manifest.json").unlink()
    assert "header checksum" in turboshard("reshard", source, "-o", out, check=1).stderr
    done = turboshard("reshard", source, "-o", out, "--skip-bad", check=1)
    assert_sound(out)
    kept = [key for number, key in enumerate(KEYS) if number not in (1, 7)]
    assert keys_of(release.samples_of(out)) == kept
    told = {row["key"]: row["reason"].split(":")[0] for row in manifest(out)["left_out"]}
    assert told == {KEYS[1]: "header-checksum", KEYS[7]: "missing-sample"}
    assert all(key in done.stderr for key in told)
    # verify says the same of the shard, by name.
    report = json.loads(turboshard("verify", source, "--deep", "--json", check=1).stdout)
    assert report["shards"][0]["bad"] == [KEYS[1]]
    assert report["shards"][0]["good"] == [KEYS[0], KEYS[2], KEYS[3]]


def test_without_it_the_first_bad_sample_stops(tmp_path: Path) -> None:
    source, out = broken(tmp_path / "source"), tmp_path / "out"
    done = turboshard("reshard", source, "-o", out, "--size", 32, check=1)
    assert KEYS[BAD[0]] in done.stderr
    assert releases.shards(out) == []


def test_nothing_is_published_of_a_shard_that_is_not_what_was_published(tmp_path: Path) -> None:
    source, out = broken(tmp_path / "source"), tmp_path / "out"
    first = releases.shards(source)[0]
    good = first.read_bytes()
    first.write_bytes(make.flip(good, 8 * 700))
    done = turboshard("reshard", source, "-o", out, "--skip-bad", "--size", 32, check=1)
    assert "SHA-256" in done.stderr
    assert releases.shards(out) == []
    # As the hint says: the shard put right and the same command again go on.
    first.write_bytes(good)
    turboshard("reshard", source, "-o", out, "--skip-bad", "--size", 32, check=1)
    assert len(release.samples_of(out)) == len(KEYS) - len(BAD)


def test_a_release_of_nothing_is_not_made(tmp_path: Path) -> None:
    samples = [[(name, b"nothing") for name, _ in sample] for sample in SAMPLES[:3]]
    source = releases.write(tmp_path / "source", samples)
    with pytest.raises(ts.ShardError, match="every sample was left out"):
        ts.reshard(source, tmp_path / "out", skip_bad=True)
    assert not (tmp_path / "out/metadata/release_manifest.json").exists()


def test_a_good_source_gives_the_same_shards_with_and_without(tmp_path: Path) -> None:
    source = releases.write(tmp_path / "source", SAMPLES, per_shard=4)
    for name, flags in (("plain", []), ("skip", ["--skip-bad"])):
        turboshard("reshard", source, "-o", tmp_path / name, "--size", 32, *flags)
    plain, skip = (manifest(tmp_path / name) for name in ("plain", "skip"))
    assert plain["shards"] == skip["shards"] != []
    assert "skip_bad" not in plain["provenance"]["options"]
