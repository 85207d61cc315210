"""Selections and splits, and pictures that are odd."""

import io
from pathlib import Path

import pytest
from PIL import Image

from . import releases
from . import strategies as make
from .reference import release, selection
from .reference import shard as reference
from .releases import turboshard
from .resharding import KEYS, SAMPLES, SIDE, encoded, keys_of, resharded

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
