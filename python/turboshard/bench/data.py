"""The bytes that every contender works on: a release given, or a small one made for the occasion."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Data:
    """A release as found on disk, read once so that it is in the page cache."""

    root: Path
    shards: list[Path]
    sums: Path | None
    images: list[bytes]
    """The first JPEGs, for the suites that work on images alone."""
    source: str

    def describe(self) -> dict[str, Any]:
        """What the report says about the data."""
        return {
            "source": self.source,
            "shards": len(self.shards),
            "bytes": self.size_bytes,
            "images_read": len(self.images),
            "image_bytes_mean": sum(map(len, self.images)) // len(self.images),
        }

    @property
    def size_bytes(self) -> int:
        """All shards together."""
        return sum(shard.stat().st_size for shard in self.shards)


def synthesize(folder: Path, identities: int, photos: Path | None) -> Data:
    """A 1024 release of so many identities, by `turboshard synth`."""
    root = folder / "release"
    command = [sys.executable, "-m", "turboshard", "synth", str(root), "--identities", str(identities)]
    # Many small shards, so that contenders that share them out get equal shares.
    command += ["--max-shard-size", "4MiB", "--quiet"]
    if photos is not None:
        command += ["--photos", str(photos)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    made_of = "real photographs" if photos is not None else "drawn heads"
    return load(root, source=f"synth: {identities} identities, {made_of}")


def load(root: Path, source: str | None = None, images: int = 48) -> Data:
    """The release at `root`, flat or unpacked. Raises FileNotFoundError where there is no shard."""
    shards = sorted((root / "data").glob("*.tar")) or sorted(root.glob("*.tar"))
    if not shards:
        raise FileNotFoundError(f"{root}: no shard (*.tar) here or in data/")
    sums = root / "checksums" / "SHA256SUMS"
    found: list[bytes] = []
    for shard in shards:
        _warm(shard)
        if len(found) < images:
            found += _jpegs(shard, images - len(found))
    if not found:
        raise FileNotFoundError(f"{root}: no member called *.jpg in its shards")
    return Data(root, shards, sums if sums.exists() else None, found, source or f"release {root.name}")


def _warm(shard: Path) -> None:
    with shard.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def _jpegs(shard: Path, most: int) -> list[bytes]:
    found: list[bytes] = []
    with tarfile.open(shard) as tar:
        for member in tar:
            if len(found) == most:
                break
            if member.isfile() and member.name.endswith(".jpg"):
                reader = tar.extractfile(member)
                assert reader is not None
                found.append(reader.read())
    return found
