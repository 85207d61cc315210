"""The command line: manners, exit codes, and the lines other programs read."""

import hashlib
import json
import os
import resource
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from . import releases
from . import strategies as make
from .commanding import SAMPLES, root, whole  # noqa: F401 - fixtures
from .reference import image, release, tar
from .reference import shard as reference
from .releases import sha256sum, turboshard

VERBS = [
    "synth", "verify", "compare", "extract", "show", "index", "ls", "cat", "stats", "reshard", "bench", "doctor",
]  # fmt: skip


# ---------------------------------------------------------------- manners


def test_help_names_every_verb() -> None:
    told = turboshard("--help").stdout
    assert not [verb for verb in VERBS if verb not in told]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str) -> None:
    assert "Usage" in turboshard(verb, "--help").stdout


def test_help_starts_fast_and_imports_nothing_heavy() -> None:
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        turboshard("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    # The interface says 150 ms by the clock; seconds of the CPU are what a busy machine leaves unchanged.
    assert min(times) < 0.2
    told = turboshard("--help", env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}).stderr
    loaded = {line.rsplit("|")[-1].strip().split(".")[0] for line in told.splitlines()}
    assert "turboshard" in loaded
    assert not loaded & {"numpy", "torch", "PIL", "ray", "webdataset"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["no-such-verb"], 2),
        (["verify"], 2),
        (["verify", "{root}", "--no-such-option"], 2),
        (["reshard", "{root}"], 2),
        (["reshard", "{root}", "-o", "{out}", "--size", "many"], 2),
        (["reshard", "{root}", "-o", "{out}", "--size", "8", "--resample", "area"], 2),
        (["reshard", "{root}", "-o", "{out}", "--size", "8", "--resample", "dct"], 2),
        (["reshard", "{root}", "-o", "{out}", "--optimize", "--format", "png"], 2),
        (["ls", "{root}/none.tar"], 3),
        (["index", "{root}/none.tar"], 3),
        (["cat", "{shard}", "nobody.jpg"], 1),
        (["verify", "{root}"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_codes(whole: Path, tmp_path: Path, arguments: list[str], code: int) -> None:
    names = {"root": whole, "out": tmp_path / "out", "shard": releases.shards(whole)[0]}
    done = turboshard(*(a.format(**names) for a in arguments), check=code)
    if code:
        assert done.stdout == ""
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr


def test_an_error_is_what_then_where_then_hint(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tar.archive([(b"a.jpg", b"1" * 900)])[:700])
    done = turboshard("ls", path, check=1)
    assert done.stdout == ""
    first = done.stderr.splitlines()[0]
    for part in (str(path), "a.jpg", "offset", "truncated"):
        assert part in first
    assert "Traceback" in turboshard("--debug", "ls", path, check=None).stderr or (
        "Traceback" in turboshard("ls", path, "--debug", check=None).stderr
    )


def test_text_named_tar(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_text("not a tar at all\n" * 100)
    assert "not a tar" in turboshard("ls", path, check=1).stderr


def test_json_documents_have_a_version(whole: Path) -> None:
    for arguments in (["verify", whole], ["stats", whole], ["ls", whole], ["doctor"]):
        told = json.loads(turboshard(*arguments, "--json").stdout)
        assert told["schema_version"] == 1, arguments


# ---------------------------------------------------------------- index, ls, cat, stats


def test_index_jsonl(whole: Path) -> None:
    paths = releases.shards(whole)
    rows = [json.loads(line) for line in turboshard("index", *paths).stdout.splitlines()]
    expected = [
        {"member": m.name, "key": m.key, "field": m.field, "offset": m.offset, "size": m.size}
        for path in paths
        for m in reference.members(path)
    ]
    assert len(expected) == 15
    assert [{k: v for k, v in row.items() if k in expected[0]} for row in rows] == expected
    assert [Path(row["shard"]).name for row in rows] == [p.name for p in paths for _ in reference.members(p)]


def test_index_for_dali(whole: Path, tmp_path: Path) -> None:
    path, out = releases.shards(whole)[0], tmp_path / "x.idx"
    turboshard("index", path, "--format", "wds2idx", "-o", out)
    lines = out.read_text().splitlines()
    runs = reference.samples(reference.members(path))
    assert lines[0] == f"v1.2 {len(runs)}"
    for line, run in zip(lines[1:], runs, strict=True):
        words = line.split(" ")
        fields = [tuple(words[i : i + 4]) for i in range(0, len(words), 4)]
        assert fields == [(str(m.field), str(m.offset), str(m.size), m.name) for m in run]


def test_index_for_wids(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "wids.json"
    turboshard("index", *releases.shards(whole), "--format", "wids", "-o", out)
    told = json.loads(out.read_text())
    assert told["__kind__"] == "wids-shard-index-v1"
    assert told["wids_version"] == 1
    assert [(Path(s["url"]).name, s["nsamples"], s["filesize"]) for s in told["shardlist"]] == [
        (p.name, len(reference.samples(reference.members(p))), p.stat().st_size)
        for p in releases.shards(whole)
    ]


def test_index_for_energon(whole: Path, tmp_path: Path) -> None:
    path, out = releases.shards(whole)[0], tmp_path / "out"
    turboshard("index", path, "--format", "energon", "-o", out)
    (file,) = [out] if out.is_file() else sorted(p for p in out.rglob("*") if p.is_file())
    runs = reference.samples(reference.members(path))
    offsets = np.frombuffer(file.read_bytes(), "<u8").tolist()
    assert offsets[:-1] == [run[0].header for run in runs]
    assert offsets[-1] == runs[-1][-1].end


def test_ls_lists_everything(whole: Path) -> None:
    told = turboshard("ls", whole).stdout
    for path in releases.shards(whole):
        for run in reference.samples(reference.members(path)):
            assert str(run[0].key) in told


def test_cat_is_the_members_bytes(whole: Path) -> None:
    path = releases.shards(whole)[0]
    member = reference.members(path)[2]
    command = [*releases.COMMAND, "cat", str(path), member.name]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == path.read_bytes()[member.offset : member.offset + member.size] != b""


def test_stats_counts(whole: Path) -> None:
    told = turboshard("stats", whole, "--json").stdout
    values = set(numbers(json.loads(told)))
    assert {5, 10, 3} <= values, "samples, images, shards"
    assert turboshard("stats", whole).stdout.strip()


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in numbers(v)]
    return [value] if isinstance(value, int | float) else []


# ---------------------------------------------------------------- extract, show, compare


def test_extract_writes_every_member_once(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    turboshard("extract", whole, "-o", out)
    written = sorted(p.read_bytes() for p in out.rglob("*") if p.is_file())
    assert written == sorted(data for sample in SAMPLES for _, data in sample)
    names = [p.name for p in out.rglob("*.jpg")]
    assert set(names) <= {f"{e}.jpg" for e in releases.EXPRESSIONS} or len(set(names)) == 10


def test_extract_selects(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    field = releases.EXPRESSIONS[1]
    turboshard("extract", whole, "-o", out, "--select", field, "--select", "!json", "--first", 2)
    written = sorted(p.read_bytes() for p in out.rglob("*") if p.is_file())
    assert written == sorted(data for sample in SAMPLES[:2] for name, data in sample if field in name)


def test_extract_stays_inside(tmp_path: Path) -> None:
    path, out = tmp_path / "x.tar", tmp_path / "deep/out"
    path.write_bytes(make.gnu_shard([("../../evil.jpg", b"x"), ("/tmp/turboshard-evil.jpg", b"x")]))
    turboshard("extract", path, "-o", out, check=None)
    assert not (tmp_path / "evil.jpg").exists()
    assert not Path("/tmp/turboshard-evil.jpg").exists()


def test_show_is_a_picture_of_the_sample(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    turboshard("show", whole, releases.key(3), "-o", out)
    sheet = Image.open(out)
    sheet.load()
    assert sheet.format == "PNG"
    assert min(sheet.size) >= 24
    turboshard("show", whole, "nobody", "-o", tmp_path / "none.png", check=1)
    assert not (tmp_path / "none.png").exists()


def test_compare_a_release_with_itself_and_another(whole: Path, tmp_path: Path) -> None:
    turboshard("compare", whole, whole)
    fewer = releases.write(tmp_path / "fewer", SAMPLES[:4], name="reghead-v1-24")
    done = turboshard("compare", whole, fewer, check=1)
    assert releases.key(4) in done.stdout + done.stderr
    other = [[(n, b"{}" if n.endswith("json") else d) for n, d in sample] for sample in SAMPLES]
    turboshard("compare", whole, releases.write(tmp_path / "other", other), check=1)


# ---------------------------------------------------------------- synth, doctor


def test_synth_is_a_sound_release(tmp_path: Path) -> None:
    out = tmp_path / "s"
    turboshard("synth", out, "--identities", 4, "--size", 64)
    assert release.manifest_problems(out) == []
    assert sha256sum(out).returncode == 0
    contents = [sample for path in releases.shards(out) for sample in reference.contents(path)]
    assert len(contents) == 4
    for number, (key, fields) in enumerate(contents):
        told = json.loads(fields["json"])
        assert key == told["sample_key"]
        assert key.startswith(f"{number:08d}_{told['identity']}_")
        assert set(fields) == {f"{e}.jpg" for e in releases.EXPRESSIONS} | {"json"}
        assert [e["expression"] for e in told["expressions"]] == list(releases.EXPRESSIONS)
        assert told["num_expressions"] == 10
        for field, data in fields.items():
            if field != "json":
                pixels = image.decode(data)
                assert pixels.shape == (64, 64, 3)
                assert (pixels[0] > 240).all(), "a head on white"
    pictures = [data for _, fields in contents for field, data in fields.items() if field != "json"]
    assert len(set(pictures)) == 40


def test_synth_again_and_smaller(tmp_path: Path) -> None:
    for name, count, threads in (("a", 3, 1), ("b", 3, 2), ("c", 2, 2)):
        turboshard("synth", tmp_path / name, "--identities", count, "--size", 64, "-j", threads)
    assert releases.tree(tmp_path / "a") == releases.tree(tmp_path / "b") != {}
    longer, shorter = release.samples_of(tmp_path / "a"), release.samples_of(tmp_path / "c")
    assert len(shorter) == 2
    assert longer[:2] == shorter, "a strict prefix, byte for byte per sample"
    turboshard("synth", tmp_path / "d", "--identities", 2, "--size", 64, "--seed", 1)
    assert release.samples_of(tmp_path / "d") != shorter


def test_synth_keys_hash_the_identity(tmp_path: Path) -> None:
    turboshard("synth", tmp_path / "s", "--identities", 2, "--size", 64)
    for path in releases.shards(tmp_path / "s"):
        for key, fields in reference.contents(path):
            told = json.loads(fields["json"])
            assert key.endswith(hashlib.sha1(told["identity"].encode()).hexdigest()[:8])


def test_doctor_names_what_matters() -> None:
    done = turboshard("doctor")
    for word in ("turboshard", "libjpeg-turbo", "simd", "sha", "cpu"):
        assert word in done.stdout.lower()


def test_no_control_sequences_when_piped(whole: Path) -> None:
    for arguments in (["doctor"], ["verify", whole], ["stats", whole]):
        done = turboshard(*arguments, env={**os.environ, "TERM": "xterm-256color"})
        assert done.stdout.strip()
        assert "\x1b" not in done.stdout + done.stderr
