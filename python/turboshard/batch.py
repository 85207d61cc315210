"""A batch of whole samples."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from turboshard.errors import ShardError


@dataclass(eq=False)
class Batch:
    """Rows of images and what belongs to them.

    Attributes:
        images: (B, F, height, width, 3) uint8, or as ``mode``, ``layout`` and ``normalize`` say; a numpy array, or
            with ``as_torch`` a tensor over the same memory. It is the batch's own and outlives the loader.
        keys: the key of each sample.
        valid: (B, F) bool: False for images that could not be decoded, which are zeros, and for rows that only fill
            up the last batch of an epoch.
        fields: the fields of each row, F names.
        samples: (B,) int64, the number of each sample in the release.
        epoch: number of the epoch.
    """

    images: Any
    keys: list[str]
    valid: Any
    fields: list[list[str]]
    samples: Any
    epoch: int
    documents: list[bytes | None] = field(repr=False, default_factory=list)
    """The JSON of each sample, as it is; None where there is none."""

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def meta(self) -> list[dict[str, Any]]:
        """The parsed JSON of each sample; empty where there is none. Parsed when it is first asked for."""
        return [_parsed(text, key) for text, key in zip(self.documents, self.keys, strict=True)]

    def to(self, *arguments: Any, **keywords: Any) -> Batch:
        """Move the tensors, as ``Tensor.to`` does; for batches made with ``as_torch``."""
        moved = self.images.to(*arguments, **keywords), self.valid.to(*arguments, **keywords)
        return Batch(moved[0], self.keys, moved[1], self.fields, self.samples, self.epoch, self.documents)

    def pin_memory(self, device: Any = None) -> Batch:
        """Copy the tensors to pinned memory; torch's DataLoader calls this."""
        pinned = self.images.pin_memory(device), self.valid.pin_memory(device)
        return Batch(pinned[0], self.keys, pinned[1], self.fields, self.samples, self.epoch, self.documents)


def _parsed(text: bytes | None, key: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise ShardError(f"JSON: {error}", member=f"{key}.json") from None
    return parsed if isinstance(parsed, dict) else {}
