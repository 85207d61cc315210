"""Digests by hashlib."""

import hashlib
from pathlib import Path


def sha256(data: bytes) -> str:
    """The SHA-256 of `data` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a whole file in lower-case hex."""
    return sha256(path.read_bytes())
