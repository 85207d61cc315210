"""Small releases to run against, made without the library: Pillow's noise, tarfile's tars, hashlib's sums."""

import functools
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import strategies as make
from .reference import digest
from .reference import shard as reference

Member = tuple[str, bytes]
Sample = list[Member]

COMMAND = [str(Path(sys.executable).parent / "turboshard")]

EXPRESSIONS = (
    "open_m_open_e",
    "halfo_m_o_e",
    "close_m_o_e",
    "close_m_halfo_e",
    "close_m_0_25o_e",
    "close_m_0_75o_e",
    "close_m_close_e",
    "close_m_smile",
    "raise_eyebrows",
    "frown",
)
STYLES = ("Photorealistic", "Computer_Animated_Film_3D", "Plastic_Toy", "Video_Game_NPC")


def identity(number: int) -> str:
    """An identity as the publisher writes it; every other one makes names of over 100 bytes."""
    worn = "_a_wreath_a_pirate_hat" if number % 2 else ""
    return f"id{number:03d}_Doberman_Dog_{STYLES[number % 4]}_round_eyes{worn}"


def key(number: int) -> str:
    """A sample's key: number, identity, first eight digits of the identity's SHA-1."""
    return f"{number:08d}_{identity(number)}_{hashlib.sha1(identity(number).encode()).hexdigest()[:8]}"


def document(number: int, expressions: Sequence[str]) -> bytes:
    """The JSON member. Its white space is part of its bytes."""
    listed = [{"expression": e, "field": f"{e}.jpg", "original_file": f"{e}.jpg"} for e in expressions]
    told = {
        "identity": identity(number),
        "identity_dir": identity(number),
        "sample_key": key(number),
        "num_expressions": len(expressions),
        "expressions": listed,
    }
    return json.dumps(told, indent=2).encode() + b"\n"


@functools.cache
def picture(number: int, expression: int, side: int, **_: Any) -> bytes:
    """One expression of one identity, in Pillow's JPEG; subsampling varies with the identity."""
    pixels = make.picture(side, side, 3, number * 16 + expression)
    return make.jpeg(pixels, quality=95, subsampling=("4:2:0", "4:4:4", "4:2:2")[number % 3])


def sample(number: int, side: int = 64, expressions: Sequence[str] = EXPRESSIONS) -> Sample:
    """The members of one sample, JSON last."""
    pictures = [
        (f"{key(number)}.{name}.jpg", picture(number, EXPRESSIONS.index(name), side)) for name in expressions
    ]
    return [*pictures, (f"{key(number)}.json", document(number, expressions))]


def samples(count: int, side: int = 64, expressions: Sequence[str] = EXPRESSIONS[:3]) -> list[Sample]:
    """The first `count` identities; three expressions unless told otherwise, to be fast."""
    return [sample(number, side, expressions) for number in range(count)]


def bundle(files: dict[str, bytes]) -> bytes:
    """A `.tar.gz` of some files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue())


def write(
    root: Path,
    content: Sequence[Sample],
    *,
    per_shard: int = 8,
    name: str = "reghead-v1-64",
    layout: str = "unpacked",
    dialect: Callable[[Sequence[Member]], bytes] = make.gnu_shard,
    sums: bool = True,
    manifest: bool = True,
) -> Path:
    """A release of these samples, `unpacked` or `flat` as a download leaves it."""
    data = root / "data" if layout == "unpacked" else root
    data.mkdir(parents=True, exist_ok=True)
    entries, rows = [], []
    for number, start in enumerate(range(0, len(content), per_shard)):
        part = content[start : start + per_shard]
        path = data / f"{name}-{number:06d}.tar"
        path.write_bytes(dialect([member for one in part for member in one]))
        entries.append(
            {
                "filename": path.name,
                "size": path.stat().st_size,
                "sha256": digest.sha256_of_file(path),
                "num_samples": len(part),
            }
        )
        for run in reference.samples(reference.members(path)):
            pictures = sum(str(m.field).endswith(".jpg") for m in run)
            rows.append({"sample_key": run[0].key, "shard": path.name, "num_expressions": pictures})
    told = {"schema_version": 1, "name": name, "num_samples": len(content), "shards": entries}
    files: dict[str, dict[str, bytes]] = {"metadata": {}, "checksums": {}}
    if manifest:
        files["metadata"] = {
            "metadata/release_manifest.json": json.dumps(told).encode(),
            "metadata/webdataset_samples.jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in rows),
        }
    if sums:
        lines = [f"{entry['sha256']}  data/{entry['filename']}\n" for entry in entries]
        files["checksums"] = {"checksums/SHA256SUMS": "".join(lines).encode()}
    for folder, group in files.items():
        if group and layout == "flat":
            (root / f"{folder}.tar.gz").write_bytes(bundle(group))
        for path_, content_ in group.items() if layout == "unpacked" else ():
            (root / path_).parent.mkdir(exist_ok=True)
            (root / path_).write_bytes(content_)
    return root


def shards(root: Path) -> list[Path]:
    """The shards of a release in either layout."""
    return sorted(root.glob("data/*.tar")) or sorted(root.glob("*.tar"))


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder but the index, which is no part of a release."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".turboshard" not in path.parts
    }


def turboshard(*arguments: Any, check: int | None = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs the command line; asserts the exit code unless `check` is None."""
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=options.pop("timeout", 120), **options
    )
    if check is not None and done.returncode != check:
        raise AssertionError(f"{command}: exit {done.returncode}, not {check}\n{done.stdout}\n{done.stderr}")
    return done


def sha256sum(
    root: Path, *options: str, file: str = "checksums/SHA256SUMS"
) -> subprocess.CompletedProcess[str]:
    """The real one, in the release."""
    return subprocess.run(
        ["sha256sum", "-c", *options, file], cwd=root, capture_output=True, text=True, check=False
    )
