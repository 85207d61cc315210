"""`audit`: what is missing although no sum says so; rust/core/tests/audit.rs counts the published numbers."""

import json
from pathlib import Path

import pytest

import turboshard as ts
from turboshard.cli.audit import FIGURES

from . import releases


def told(*arguments: object, check: int) -> dict[str, tuple[int, int, list[str]]]:
    said = json.loads(releases.turboshard("audit", *arguments, "--json", check=check).stdout)
    assert said["ok"] is (check == 0)
    return {one["what"]: (one["expected"], one["found"], one["keys"]) for one in said["differences"]}


def test_a_whole_release_agrees_with_its_manifest(tmp_path: Path) -> None:
    content = releases.samples(9, side=16, expressions=releases.EXPRESSIONS)
    root = releases.write(tmp_path, content, per_shard=4)
    found = ts.audit(root)
    assert found.ok
    assert (found.counts["samples"], found.counts["images"], found.counts["shards"]) == (9, 90, 3)
    assert found.counts["fields"]["frown.jpg"] == 9
    assert sum(found.counts["styles"].values()) == 9
    assert found.counts["bytes"] == sum(path.stat().st_size for path in releases.shards(root))
    assert releases.turboshard("audit", root).stdout.endswith("nothing differs\n")


def test_a_shard_that_is_gone_and_a_sample_that_is_doubled_are_found(tmp_path: Path) -> None:
    root = releases.write(tmp_path, releases.samples(9, side=16), per_shard=4)
    gone, doubled = releases.shards(root)[1], releases.shards(root)[2]
    gone.unlink()
    doubled.with_name("reghead-v1-64-000003.tar").write_bytes(doubled.read_bytes())
    differences = told(root, check=1)
    assert differences["samples"][:2] == (9, 6)
    assert differences["samples"][2] == [f"{number:08d}_…" for number in range(4, 8)]
    assert differences["samples listed and in no shard"] == (0, 4, [releases.key(n) for n in range(4, 8)])
    assert differences["keys that come twice"] == (0, 1, [releases.key(8)])
    assert differences["identities that come twice"] == (0, 1, [releases.identity(8)])


def test_another_data_sets_figures_differ_in_every_number(tmp_path: Path) -> None:
    root = releases.write(tmp_path, releases.samples(3, side=16))
    differences = told(root, "--as", "reghead-v1-512", check=1)
    assert differences["samples"][:2] == (33_724, 3)
    assert differences["images"][:2] == (337_240, 9)
    assert differences["shards"][:2] == (11, 1)
    assert differences["MiB"][:2] == (19_412, 0)
    assert differences["samples of style Video_Game_NPC"][:2] == (8600, 0)
    assert differences["samples with frown.jpg"] == (3, 0, [releases.key(n) for n in range(3)])
    said = releases.turboshard("audit", root, "--as", "reghead-v1-512", check=1).stdout
    assert "samples: expected 33,724, found 3\n" in said
    assert set(told(root, "--as", "realy", check=1)) >= {"samples", "samples with keypoints.obj"}


def test_nothing_to_go_by_is_said(tmp_path: Path) -> None:
    root = releases.write(tmp_path, releases.samples(1, side=16), manifest=False)
    with pytest.raises(ts.ShardError, match="no manifest"):
        ts.audit(root)
    with pytest.raises(ValueError, match="no figures of nobody") as refused:
        ts.audit(root, figures="nobody")
    # the names the command offers are the ones the core knows
    assert refused.value.__notes__ == [f"hint: known: {', '.join(FIGURES)}"]
    assert releases.turboshard("audit", root, "--as", "nobody", check=2).stdout == ""
