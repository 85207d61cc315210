"""`croissant`: mlcroissant finds nothing wrong with it and loads the release's own records."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import turboshard as ts

from . import releases

# In a process of its own: it warns as it pleases, and keeps what it unpacks in a cache folder named by environment.
SCRIPT = """
import json, sys
import mlcroissant
dataset = mlcroissant.Dataset(sys.argv[1])
found = {}
for records in dataset.metadata.record_sets:
    rows = []
    for record in dataset.records(records.uuid):
        row = {}
        for name, value in record.items():
            if hasattr(value, "tobytes"):
                value = [value.size, value.mode]
            row[name.rpartition("/")[2]] = value.decode("latin-1") if isinstance(value, bytes) else value
        rows.append(row)
    found[records.uuid] = rows
print(json.dumps(found))
"""


def load(document: Path, home: Path) -> dict[str, list[dict[str, Any]]]:
    pytest.importorskip("mlcroissant", reason="requirements/interop.txt has it")
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, document], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "error(s)" not in done.stderr
    assert "not standard" not in done.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def test_reghead_is_loaded_by_mlcroissant(tmp_path: Path) -> None:
    root = releases.write(tmp_path / "release", releases.samples(5, side=32), per_shard=2)
    releases.turboshard("croissant", root, "-o", root / "croissant.json")
    document = json.loads((root / "croissant.json").read_bytes())
    shards = [one for one in document["distribution"] if one["encodingFormat"] == "application/x-tar"]
    manifest = json.loads((root / "metadata/release_manifest.json").read_bytes())
    assert [one["sha256"] for one in shards] == [one["sha256"] for one in manifest["shards"]]
    assert [one["contentUrl"] for one in shards] == [f"data/{one['filename']}" for one in manifest["shards"]]
    found = load(root / "croissant.json", tmp_path)
    assert found.keys() == {"samples", "json", *(f"{name}.jpg" for name in releases.EXPRESSIONS[:3])}
    keys = [releases.key(number) for number in range(5)]
    assert [row["sample_key"] for row in found["samples"]] == keys
    for field, rows in found.items():
        if field != "samples":
            assert sorted(row["key"] for row in rows) == keys
    assert all(row["content"] == [[32, 32], "RGB"] for row in found["open_m_open_e.jpg"])
    assert {json.loads(row["content"])["sample_key"] for row in found["json"]} == set(keys)


def test_a_field_that_others_end_in_keeps_its_own_members(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "release"
    releases.turboshard("synth", source, "--dataset", "ffhq-uv", "--identities", 3, "--size", 16)
    releases.turboshard(
        "pack", "ffhq-uv", source, "-o", root, "--license", "MIT", "--source", "https://example.org"
    )
    text = releases.turboshard("croissant", root).stdout
    document = json.loads(text)
    assert (document["license"], document["url"], document["name"]) == (
        "MIT",
        "https://example.org",
        "ffhq-uv",
    )
    (root / "croissant.json").write_text(text)
    found = load(root / "croissant.json", tmp_path)
    keys = ["000000", "000001", "000002"]
    assert "samples" not in found  # its keys would be read as numbers
    assert len(found) == 10
    for rows in found.values():
        assert sorted(row["key"] for row in rows) == keys
    assert all("Index-in-FFHQ" in row["content"] for row in found["json"])
    assert all("Glasses" in row["content"] for row in found["attributes.json"])


def test_what_has_no_digests_is_not_described(tmp_path: Path) -> None:
    root = releases.write(tmp_path, releases.samples(1, side=16), manifest=False, sums=False)
    with pytest.raises(ts.ShardError, match="no digest"):
        ts.Release(root).croissant()
    releases.turboshard("croissant", root, check=1)
