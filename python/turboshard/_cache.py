"""Where index files go that cannot be written beside their release."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> str | None:
    """Return the user's cache folder for this library; None for a user without a home."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given and Path(given).is_absolute():
        return str(Path(given, "turboshard"))
    try:
        return str(Path.home() / ".cache" / "turboshard")
    except RuntimeError:
        return None
