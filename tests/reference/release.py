"""What a release says of itself, and what must be in one made out of another."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import digest, shard, tar

Sample = list[tuple[bytes, bytes]]

GNU_LINE = re.compile(r"^(\\?)([0-9a-fA-F]{64}) [ *](.+)$")
BSD_LINE = re.compile(r"^(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})$")


def sums(text: str) -> list[tuple[str, str]]:
    """(path, digest) of each line that `sha256sum -c` would take; GNU, BSD, CRLF, escaped names."""
    entries = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if found := GNU_LINE.match(line):
            escaped, value, path = found.groups()
        elif found := BSD_LINE.match(line):
            escaped, path, value = found.groups()
        else:
            continue
        if escaped:
            path = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), path)
        entries.append((path, value.lower()))
    return entries


def find(root: Path, path: str) -> Path | None:
    """A listed path below the release's root, else its base name there or in `data`."""
    name = Path(path).name
    candidates = [root / path, root / name, root / "data" / name]
    return next((p for p in candidates if p.is_file()), None)


def check_sums(text: str, root: Path) -> list[str]:
    """The lines that `sha256sum -c` prints on stdout."""
    lines = []
    for path, expected in sums(text):
        file = find(root, path)
        if file is None:
            lines.append(f"{path}: FAILED open or read")
        elif digest.sha256_of_file(file) == expected:
            lines.append(f"{path}: OK")
        else:
            lines.append(f"{path}: FAILED")
    return lines


def manifest_problems(root: Path) -> list[str]:
    """Every way in which an unpacked release differs from its own manifest, sums and sample list."""
    manifest: dict[str, Any] = json.loads((root / "metadata/release_manifest.json").read_text())
    lines = (root / "metadata/webdataset_samples.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    listed = dict(sums((root / "checksums/SHA256SUMS").read_text()))
    problems, keys = [], []
    for entry in manifest["shards"]:
        path = root / "data" / entry["filename"]
        held = [str(run[0].key) for run in shard.samples(shard.members(path))]
        keys += [(key, entry["filename"]) for key in held]
        facts = {"size": path.stat().st_size, "sha256": digest.sha256_of_file(path), "num_samples": len(held)}
        problems += [
            f"{path.name}: {k} is {v}, manifest {entry[k]}" for k, v in facts.items() if entry[k] != v
        ]
        if listed.get(f"data/{path.name}") != facts["sha256"]:
            problems.append(f"{path.name}: SHA256SUMS differs")
    if sorted(listed) != sorted(f"data/{e['filename']}" for e in manifest["shards"]):
        problems.append("SHA256SUMS and the manifest list different shards")
    if manifest["num_samples"] != len(keys):
        problems.append(f"num_samples is {manifest['num_samples']}, found {len(keys)}")
    if [(row["sample_key"], Path(row["shard"]).name) for row in rows] != keys:
        problems.append("webdataset_samples.jsonl lists other samples")
    return problems


def pack(samples: Sequence[Sample], cap: int, tar_format: str = "gnu") -> list[list[Sample]]:
    """Samples in order, each shard as full as the cap allows; it counts headers, padding and end marker."""
    shards: list[list[Sample]] = []
    room = -1
    for sample in samples:
        size = tar.sample_size(sample, tar_format)
        if size + 1024 > cap:
            raise ValueError(f"sample {sample[0][0]!r} alone takes {size + 1024} bytes")
        if size > room:
            shards.append([])
            room = cap - 1024
        shards[-1].append(sample)
        room -= size
    return shards


def shard_bytes(samples: Sequence[Sample], tar_format: str = "gnu") -> bytes:
    """The bytes of a shard that holds these samples."""
    return tar.archive([member for sample in samples for member in sample], tar_format)


def samples_of(root: Path) -> list[Sample]:
    """Every sample of an unpacked release, in the order of its shards' names."""
    return [sample for path in sorted(root.glob("data/*.tar")) for sample in shard.pairs(path)]
