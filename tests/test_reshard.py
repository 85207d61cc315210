"""A release made out of another: contents, order, bytes, caps, selections, damage, interruptions.

What comes out is compared with the oracle wherever that can say it: packing, tar bytes, sums, selections. Pictures
are compared with the library's own decode and encode, which `test_image.py` holds to Pillow.
"""

import gzip
import io
import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import turboshard as ts

from . import releases
from . import strategies as make
from .reference import digest, image, release, selection, tar
from .reference import shard as reference
from .releases import turboshard

COUNT, SIDE = 12, 64
SAMPLES = releases.samples(COUNT, SIDE)
KEYS = [releases.key(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve identities of three expressions in three shards, which no test changes."""
    return releases.write(tmp_path_factory.mktemp("source") / "reghead-v1-64", SAMPLES, per_shard=4)


@pytest.fixture(scope="module")
def half(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same at half the size, in several shards."""
    out = tmp_path_factory.mktemp("half") / "reghead-v1-32"
    turboshard("reshard", source, "-o", out, "--size", 32, "--max-shard-size", "32KiB")
    return out


def own(source: Path, tmp_path: Path) -> Path:
    """A copy of the source that a test may break."""
    return Path(shutil.copytree(source, tmp_path / "own"))


def encoded(samples: list[releases.Sample]) -> list[release.Sample]:
    """Samples with names as bytes, as the oracle has them."""
    return [[(name.encode(), data) for name, data in sample] for sample in samples]


def resharded(*arguments: Any, out: Path, **options: Any) -> list[release.Sample]:
    """The samples of a new release, which is first found to be sound."""
    turboshard("reshard", *arguments, "-o", out, **options)
    assert_sound(out)
    return release.samples_of(out)


def assert_sound(root: Path) -> None:
    """Complete in itself: manifest, sums, sample list, bundles, and nothing left over."""
    assert release.manifest_problems(root) == []
    subprocess.run(["sha256sum", "-c", "--quiet", "checksums/SHA256SUMS"], cwd=root, check=True)
    for name in ("metadata", "checksums"):
        with tarfile.open(root / f"{name}.tar.gz") as bundle:
            held = {m.name: bundle.extractfile(m).read() for m in bundle if m.isreg()}  # type: ignore[union-attr]
        assert held == {f"{name}/{p.name}": p.read_bytes() for p in (root / name).iterdir()} != {}
    assert {p.name for p in root.iterdir() if not p.name.startswith(".")} == {
        "data", "metadata", "checksums", "metadata.tar.gz", "checksums.tar.gz",
    }  # fmt: skip
    assert {p.name for p in (root / "data").iterdir()} == {p.name for p in releases.shards(root)}


def manifest(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((root / "metadata/release_manifest.json").read_text())
    return told


def keys_of(samples: list[release.Sample]) -> list[str]:
    return [str(reference.split_key(sample[0][0].decode())[0]) for sample in samples]


# ---------------------------------------------------------------- contents


def test_everything_but_the_pictures_stays(half: Path) -> None:
    assert_sound(half)
    found, expected = release.samples_of(half), encoded(SAMPLES)
    assert len(found) == COUNT
    assert len(releases.shards(half)) >= 3
    assert [[name for name, _ in s] for s in found] == [[name for name, _ in s] for s in expected], (
        "order too"
    )
    for one, other in zip(found, expected, strict=True):
        documents = [[data for name, data in s if name.endswith(b".json")] for s in (one, other)]
        assert documents[0] == documents[1] != []


def test_pictures_are_pillows_within_a_level_before_jpeg(half: Path) -> None:
    compared = 0
    for new, old in zip(release.samples_of(half), encoded(SAMPLES), strict=True):
        for (name, small), (_, large) in zip(new, old, strict=True):
            if name.endswith(b".jpg"):
                assert image.decode(small).shape == (32, 32, 3)
                wanted = image.resize_in_one_call(image.decode(large), (32, 32))
                assert image.distance(ts.decode(large, size=32), wanted) <= image.SHRINK_LEVELS
                factors = Image.open(io.BytesIO(large)).layer[0][1:3]  # type: ignore[attr-defined]
                subsampling = {(1, 1): "444", (2, 1): "422", (2, 2): "420"}[factors]
                assert small == ts.encode(ts.decode(large, size=32), quality=95, subsampling=subsampling)
                assert (
                    image.psnr(image.decode(small), image.decode(image.encode(wanted, 95, subsampling))) > 40
                )
                compared += 1
    assert compared == 3 * COUNT


def test_shards_are_the_oracles_byte_for_byte(half: Path) -> None:
    shards = release.pack(release.samples_of(half), 32 * 1024)
    assert len(shards) >= 3
    assert [path.read_bytes() for path in releases.shards(half)] == [release.shard_bytes(s) for s in shards]


def test_the_manifest(half: Path) -> None:
    told = manifest(half)
    wanted = {
        "schema_version": 1,
        "name": "reghead-v1-32",
        "resolution": 32,
        "image_format": "jpeg",
        "quality": 95,
        "num_samples": COUNT,
        "num_images": 3 * COUNT,
    }
    assert {key: told[key] for key in wanted} == wanted
    assert set(told["fields"]) == {f"{e}.jpg" for e in releases.EXPRESSIONS[:3]} | {"json"}
    text = json.dumps(told) + "".join(p.read_text() for p in (half / "metadata").iterdir())
    for secret in (str(half), os.uname().nodename, "/tmp"):
        assert secret not in text, "no time, host or path"
    rows = [
        json.loads(line) for line in (half / "metadata/webdataset_samples.jsonl").read_text().splitlines()
    ]
    assert [row["sample_key"] for row in rows] == KEYS
    assert [row["identity"] for row in rows] == [releases.identity(n) for n in range(COUNT)]
    assert {row["num_expressions"] for row in rows} == {3}


def test_bundles_hold_no_time(half: Path) -> None:
    for name in ("metadata.tar.gz", "checksums.tar.gz"):
        data = (half / name).read_bytes()
        assert data[4:8] == bytes(4), "mtime of gzip's header"
        assert not data[3] & 8, "no file name in gzip's header"
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in archive} == {(0, 0, 0, "", "")}


@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
def test_without_size_payloads_are_copied_and_headers_normalised(
    source: Path, tmp_path: Path, tar_format: str
) -> None:
    found = resharded(source, "--max-shard-size", "100KiB", "--tar-format", tar_format, out=tmp_path / "out")
    assert found == encoded(SAMPLES)
    shards = release.pack(found, 100 * 1024, tar_format)
    assert len(shards) >= 2
    written = [path.read_bytes() for path in releases.shards(tmp_path / "out")]
    assert written == [release.shard_bytes(s, tar_format) for s in shards]


def test_the_api_does_the_same(source: Path, half: Path, tmp_path: Path) -> None:
    made = ts.reshard(source, tmp_path / "reghead-v1-32", size=32, max_shard_size="32KiB")
    assert len(made) == COUNT
    assert releases.tree(tmp_path / "reghead-v1-32") == releases.tree(half)


def test_the_size_it_has_copies_the_pictures(source: Path, tmp_path: Path) -> None:
    assert resharded(source, "--size", SIDE, out=tmp_path / "same") == encoded(SAMPLES)
    other = resharded(source, "--size", SIDE, "--quality", 80, out=tmp_path / "q80")
    assert other != encoded(SAMPLES)
    assert other[0][0][1] == ts.encode(ts.decode(SAMPLES[0][0][1]), quality=80, subsampling="420")
    alone = resharded(source, "--subsampling", "420", "--quality", 80, out=tmp_path / "alone")
    assert alone[0][0][1] == other[0][0][1]


def test_enlarging_must_be_allowed(source: Path, tmp_path: Path) -> None:
    done = turboshard("reshard", source, "-o", tmp_path / "out", "--size", 65, check=None)
    assert done.returncode in (1, 2)
    assert "--allow-upscale" in done.stderr
    assert not releases.shards(tmp_path / "out")
    found = resharded(source, "--size", 65, "--allow-upscale", out=tmp_path / "large")
    assert image.decode(found[0][0][1]).shape == (65, 65, 3)


# ---------------------------------------------------------------- the same bytes


@pytest.mark.parametrize("options", [["--size", 32], [], ["--size", 24, "--shuffle", "--seed", 3]], ids=str)
def test_threads_change_no_byte(source: Path, tmp_path: Path, options: list[Any]) -> None:
    trees = []
    for threads in (1, 2, 3):
        out = tmp_path / f"j{threads}"
        turboshard(
            "reshard", source, "-o", out, "--max-shard-size", "40KiB", "-j", threads, "--name", "x", *options
        )
        trees.append(releases.tree(out))
    assert len(trees[0]) > 5
    assert trees[0] == trees[1] == trees[2]


DIALECTS: dict[str, Callable[[Any], bytes]] = {
    **{name: write for name, write in make.DIALECTS.items() if name not in ("v7", "ustar")},
    "ustar in folders": lambda members: make.ustar_shard([(f"{'folder/' * 5}{n}", d) for n, d in members]),
    "webdataset": lambda members: make.writer_shard(
        [
            make.SampleCase(str(key), tuple((str(reference.split_key(n)[1]), d) for n, d in group))
            for key, group in itertools.groupby(members, lambda m: reference.split_key(m[0])[0])
        ]
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sources_of_other_writers(tmp_path: Path, dialect: str) -> None:
    samples = SAMPLES[:8:2] if dialect == "ustar in folders" else SAMPLES[:4]  # those have short names
    source = releases.write(tmp_path / "reghead-v1-64", samples, per_shard=2, dialect=DIALECTS[dialect])
    held = release.samples_of(source)
    found = resharded(source, out=tmp_path / "copied")
    assert found == held != []
    assert releases.shards(tmp_path / "copied")[0].read_bytes() == release.shard_bytes(held)
    small = resharded(source, "--size", 16, out=tmp_path / "small")
    assert [[name for name, _ in s] for s in small] == [[name for name, _ in s] for s in held]
    # `wds.ShardWriter` puts JSON between the pictures, in the order of the fields; it stays there.
    if dialect == "webdataset":
        assert [n.rsplit(b".", 1)[1] for n, _ in small[0]] != [b"jpg"] * 3 + [b"json"]


def test_a_source_by_gnu_tar(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    names = [name for sample in SAMPLES[:4] for name, _ in sample]
    for name, data in itertools.chain(*SAMPLES[:4]):
        (folder / name).write_bytes(data)
    (tmp_path / "in").mkdir()
    subprocess.run(["tar", "-cf", "../in/x.tar", *names], cwd=folder, check=True)
    assert resharded(tmp_path / "in", out=tmp_path / "out") == encoded(SAMPLES[:4])


@pytest.mark.parametrize("form", ["flat", "shards", "glob", "braces"])
def test_sources_in_other_forms(source: Path, tmp_path: Path, form: str) -> None:
    flat = releases.write(tmp_path / "flat", SAMPLES, per_shard=4, layout="flat")
    given: dict[str, list[Any]] = {
        "flat": [flat],
        "shards": list(releases.shards(source)),
        "glob": [f"{source}/data/*.tar"],
        "braces": [f"{source}/data/reghead-v1-64-{{000000..000002}}.tar"],
    }
    assert resharded(*given[form], out=tmp_path / "out") == encoded(SAMPLES)


# ---------------------------------------------------------------- caps


@pytest.mark.parametrize("spare", [0, -1, 511, 512])
def test_a_shard_is_as_full_as_the_cap_allows(source: Path, tmp_path: Path, spare: int) -> None:
    sizes = [tar.sample_size(sample) for sample in encoded(SAMPLES)]
    cap = sum(sizes[:3]) + 1024 + spare
    resharded(source, "--max-shard-size", cap, out=tmp_path / "out")
    expected = release.pack(encoded(SAMPLES), cap)
    assert len(expected[0]) == (3 if spare >= 0 else 2)
    assert [len(release.shard_bytes(s)) for s in expected] == [
        p.stat().st_size for p in releases.shards(tmp_path / "out")
    ]
    assert all(path.stat().st_size <= cap for path in releases.shards(tmp_path / "out"))


def test_a_sample_that_fits_to_the_byte_and_one_that_does_not(source: Path, tmp_path: Path) -> None:
    sizes = [tar.sample_size(sample) + 1024 for sample in encoded(SAMPLES)]
    resharded(source, "--max-shard-size", max(sizes), out=tmp_path / "fits")
    assert max(p.stat().st_size for p in releases.shards(tmp_path / "fits")) == max(sizes)
    done = turboshard(
        "reshard", source, "-o", tmp_path / "out", "--max-shard-size", max(sizes) - 1, check=None
    )
    assert done.returncode in (1, 2)
    assert KEYS[sizes.index(max(sizes))] in done.stderr
    assert not (tmp_path / "out/checksums/SHA256SUMS").exists()


@pytest.mark.parametrize("unit", ["32768", "32KiB", "32k", "0.03125MiB"])
def test_units(source: Path, tmp_path: Path, unit: str) -> None:
    done = turboshard(
        "reshard", source, "-o", tmp_path / "out", "--size", 32, "--max-shard-size", unit, check=None
    )
    if done.returncode == 0:
        assert all(path.stat().st_size <= 32_768 for path in releases.shards(tmp_path / "out"))
    assert done.returncode == 0 or (done.returncode == 2 and unit in ("32k", "0.03125MiB"))


def test_max_samples_and_num_shards(source: Path, tmp_path: Path) -> None:
    resharded(source, "--max-samples", 5, out=tmp_path / "five")
    assert [e["num_samples"] for e in manifest(tmp_path / "five")["shards"]] == [5, 5, 2]
    for count in (1, 5, 12):
        out = tmp_path / f"n{count}"
        resharded(source, "--num-shards", count, out=out)
        numbers = [e["num_samples"] for e in manifest(out)["shards"]]
        assert len(numbers) == count
        assert max(numbers) - min(numbers) <= 1
        assert keys_of(release.samples_of(out)) == KEYS


@given(
    make.samples(max_samples=6),
    st.integers(1, 60),
    st.sampled_from(["gnu", "pax"]),
    st.integers(1, 3),
    st.data(),
)
def test_any_samples_are_packed_as_by_the_oracle(
    scratch: Path,
    cases: list[make.SampleCase],
    spare: int,
    tar_format: str,
    threads: int,
    data: st.DataObject,
) -> None:
    """Names of every kind, whatever they hold, copied into shards of any cap."""
    source, out = scratch / "packed-in", scratch / "packed-out"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    releases.write(source, [case.members for case in cases], per_shard=data.draw(st.integers(1, 6)))
    samples = encoded([case.members for case in cases])
    cap = max(tar.sample_size(sample, tar_format) for sample in samples) + 1024 + spare * 512
    ts.reshard(source, out, max_shard_size=cap, tar_format=tar_format, threads=threads)
    expected = [release.shard_bytes(shard, tar_format) for shard in release.pack(samples, cap, tar_format)]
    assert len(expected) >= 1
    assert [path.read_bytes() for path in releases.shards(out)] == expected
    assert release.manifest_problems(out) == []


# ---------------------------------------------------------------- selections


@pytest.mark.parametrize(
    "patterns",
    [
        ["open_m_open_e"],
        ["open_m_open_e.jpg", "close_m_o_e"],
        ["!json"],
        ["halfo_m_o_e", "!json"],
        ["!halfo_m_o_e"],
    ],
    ids=" ".join,
)
def test_select(source: Path, tmp_path: Path, patterns: list[str]) -> None:
    options = [word for pattern in patterns for word in ("--select", pattern)]
    found = resharded(source, *options, out=tmp_path / "out")
    for new, old in zip(found, encoded(SAMPLES), strict=True):
        fields = {str(reference.split_key(name.decode())[1]): (name, data) for name, data in old}
        assert new == [fields[field] for field in selection.chosen_fields(list(fields), patterns)]


def test_select_of_nothing_is_an_error(source: Path, tmp_path: Path) -> None:
    done = turboshard("reshard", source, "-o", tmp_path / "out", "--select", "smile", check=None)
    assert done.returncode in (1, 2)
    assert "smile" in done.stderr


def test_keys(source: Path, tmp_path: Path) -> None:
    text = f"{KEYS[7]}\n\n{KEYS[2]}\n"
    (tmp_path / "keys.txt").write_text(text)
    found = resharded(source, "--keys", tmp_path / "keys.txt", out=tmp_path / "out")
    assert keys_of(found) == selection.chosen_keys(KEYS, text) == [KEYS[2], KEYS[7]]
    (tmp_path / "keys.txt").write_text("nobody\n")
    done = turboshard("reshard", source, "-o", tmp_path / "o2", "--keys", tmp_path / "keys.txt", check=None)
    assert done.returncode in (1, 2)
    assert "nobody" in done.stderr


@pytest.mark.parametrize("count", [1, 5, 12])
def test_first(source: Path, tmp_path: Path, count: int) -> None:
    assert keys_of(resharded(source, "--first", count, out=tmp_path / "out")) == selection.first(KEYS, count)


def test_where(source: Path, tmp_path: Path) -> None:
    found = resharded(source, "--where", 'style="Photorealistic"', out=tmp_path / "out")
    assert keys_of(found) == [key for key in KEYS if "_Photorealistic_" in key] != []


def test_split_is_a_partition_that_does_not_move(source: Path, half: Path, tmp_path: Path) -> None:
    held: dict[str, dict[str, list[str]]] = {}
    for name, root in (("large", source), ("small", half)):
        out = tmp_path / name
        turboshard("reshard", root, "-o", out, "--split", "train=.5,val=.5")
        held[name] = {}
        for part in ("train", "val"):
            shards = [p for p in sorted(out.rglob("*.tar")) if part in str(p.relative_to(out))]
            held[name][part] = [key for path in shards for key, _ in reference.contents(path)]
    assert held["large"] == held["small"], "512 and 1024 agree"
    assert sorted(held["large"]["train"] + held["large"]["val"]) == sorted(KEYS)
    assert all(held["large"].values()), "both parts have some"


def test_shuffle_is_a_permutation_that_follows_its_seed(source: Path, tmp_path: Path) -> None:
    orders = {}
    for seed in (0, 1):
        found = resharded(source, "--shuffle", "--seed", seed, out=tmp_path / f"s{seed}")
        assert sorted(found) == sorted(encoded(SAMPLES))
        orders[seed] = keys_of(found)
    assert orders[0] != orders[1]
    assert KEYS not in orders.values()
    again = resharded(source, "--shuffle", "--seed", 1, "-j", 1, out=tmp_path / "again")
    assert keys_of(again) == orders[1]


def test_two_sources_merge_and_doubles_are_refused(source: Path, tmp_path: Path) -> None:
    more = releases.write(
        tmp_path / "more", [releases.sample(n, SIDE, releases.EXPRESSIONS[:3]) for n in (50, 51)]
    )
    found = resharded(source, more, out=tmp_path / "out")
    assert keys_of(found) == [*KEYS, releases.key(50), releases.key(51)]
    double = releases.write(tmp_path / "double", SAMPLES[3:4])
    assert KEYS[3] in turboshard("reshard", source, double, "-o", tmp_path / "o2", check=1).stderr
    assert not (tmp_path / "o2/checksums/SHA256SUMS").exists()


def test_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    done = turboshard("reshard", source, "-o", tmp_path / "out", "--size", 32, "--dry-run")
    assert (done.stdout + done.stderr).strip()
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- odd pictures


def one_picture(root: Path, data: bytes, name: str = "k.jpg") -> Path:
    return releases.write(root, [[(name, data), ("k.json", b"{}")]])


def test_grey_stays_grey_and_cmyk_is_refused_unless_told(tmp_path: Path) -> None:
    grey = one_picture(tmp_path / "grey", make.jpeg(make.picture(40, 40, 1), "L"))
    (((_, data), _),) = resharded(grey, "--size", 20, out=tmp_path / "g20")
    assert Image.open(io.BytesIO(data)).mode == "L"
    cmyk = one_picture(tmp_path / "cmyk", make.jpeg(make.picture(40, 40, 4), "CMYK"))
    done = turboshard("reshard", cmyk, "-o", tmp_path / "c20", "--size", 20, check=1)
    assert "--to-rgb" in done.stderr
    assert "k.jpg" in done.stderr
    (((_, data), _),) = resharded(cmyk, "--size", 20, "--to-rgb", out=tmp_path / "rgb")
    assert Image.open(io.BytesIO(data)).mode == "RGB"


def test_icc_and_exif_are_carried_over(tmp_path: Path) -> None:
    from PIL import ImageCms

    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a head"
    file = io.BytesIO()
    Image.fromarray(make.picture(40, 60)).save(file, "JPEG", icc_profile=icc, exif=exif)
    source = one_picture(tmp_path / "in", file.getvalue())
    (((_, data), _),) = resharded(source, "--size", 20, out=tmp_path / "out")
    made = Image.open(io.BytesIO(data))
    assert made.info["icc_profile"] == icc
    assert dict(made.getexif()) == {0x0112: 6, 0x010E: "a head"}
    assert made.size == (20, 20)


def test_subsampling_that_has_no_name_becomes_420(tmp_path: Path) -> None:
    # 4:4:0, which Pillow writes for no name: 4:2:2 with its factors turned.
    data = bytearray(make.jpeg(make.picture(48, 48), subsampling="4:2:2"))
    at = data.index(b"\xff\xc0") + 11
    assert data[at] == 0x21
    data[at] = 0x12
    source = one_picture(tmp_path / "in", bytes(data))
    done = turboshard("reshard", source, "-o", tmp_path / "out", "--size", 24)
    assert "420" in done.stderr
    ((_, small), _) = release.samples_of(tmp_path / "out")[0]
    assert Image.open(io.BytesIO(small)).layer[0][1:3] == (2, 2)  # type: ignore[attr-defined]


def test_a_broken_picture_stops_it_and_is_named(tmp_path: Path) -> None:
    samples = [list(sample) for sample in SAMPLES]
    name, data = samples[6][1]
    samples[6][1] = (name, data[: len(data) // 2])
    broken = releases.write(tmp_path / "broken", samples, per_shard=4)
    done = turboshard("reshard", broken, "-o", tmp_path / "out", "--size", 32, check=1)
    assert name in done.stderr
    assert "offset" in done.stderr
    assert not (tmp_path / "out/checksums/SHA256SUMS").exists()
    assert resharded(broken, out=tmp_path / "copied") == encoded([list(map(tuple, s)) for s in samples])


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
    """A source that takes a second or more: 48 samples of 3 pictures at 512."""
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
    for delay in (0.4, 0.8, 1.2):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
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


# ---------------------------------------------------------------- what others read


def test_tarfile_and_gnu_tar_read_it(half: Path) -> None:
    count = 0
    for path in releases.shards(half):
        with tarfile.open(path) as archive:
            names = archive.getnames()
        listed = subprocess.run(["tar", "-tf", path], capture_output=True, text=True, check=True)
        assert listed.stdout.splitlines() == names
        assert listed.stderr == ""
        count += len(names)
    assert count == 4 * COUNT


def test_webdataset_loads_it(half: Path) -> None:
    wds = pytest.importorskip("webdataset")
    urls = [str(path) for path in releases.shards(half)]
    loaded = list(wds.WebDataset(urls, shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in loaded] == KEYS
    for number, sample in enumerate(loaded):
        assert sample["json"]["identity"] == releases.identity(number)
        for expression in releases.EXPRESSIONS[:3]:
            pixels = sample[f"{expression}.jpg"]
            assert pixels.shape == (32, 32, 3)
            assert pixels.dtype == np.uint8


def test_the_library_reads_it(half: Path) -> None:
    made = ts.Release(half)
    assert len(made) == COUNT
    assert made[3]["__key__"] == KEYS[3]
    assert made[KEYS[5]]["__key__"] == KEYS[5]
    assert ts.verify(made).ok
    assert sys.getsizeof(made) < 10_000
