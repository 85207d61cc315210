"""What is said of a new release's way to the public."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from turboshard.cli.output import Settings, counted, remark

if TYPE_CHECKING:
    from collections.abc import Sequence

GITHUB_LIMIT = 2 << 30
"""Bytes an asset of a GitHub release must stay below."""


def say_how_to_publish(settings: Settings, name: str, shards: Sequence[dict[str, Any]], output: str) -> None:
    """Print the commands that upload the release to GitHub and to Hugging Face."""
    large = [shard["filename"] for shard in shards if shard["size"] >= GITHUB_LIMIT]
    folder = shlex.quote(output)
    if large:
        words = f"{large[0]} has 2 GiB or more, which GitHub refuses: give --max-shard-size 1900MiB"
        remark(settings, f"{counted(len(large), 'shard')} too large for GitHub; {words}")
    else:
        assets = f"{folder}/data/*.tar {folder}/metadata.tar.gz {folder}/checksums.tar.gz"
        remark(settings, f"publish: gh release create {shlex.quote(name)} {assets}")
    remark(
        settings, f"publish: hf upload-large-folder OWNER/{shlex.quote(name)} {folder} --repo-type dataset"
    )
