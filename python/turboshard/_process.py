"""Which of several processes this is: of a distributed run, and of a DataLoader's workers."""

from __future__ import annotations

import os
import sys


def rank_and_world(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Return what was given, else what torch.distributed says, else ``RANK`` and ``WORLD_SIZE``, else (0, 1)."""
    if (rank is None) != (world_size is None):
        raise ValueError("rank and world_size are given together, or neither is")
    if rank is None or world_size is None:
        rank, world_size = _found()
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is not within a world of {world_size}")
    return rank, world_size


def _found() -> tuple[int, int]:
    distributed = sys.modules.get("torch.distributed")  # whoever runs on it has imported it
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    try:
        return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    except ValueError:
        raise ValueError("RANK and WORLD_SIZE must be numbers") from None


def worker_and_workers() -> tuple[int, int]:
    """Return this torch worker's number and how many there are; (0, 1) outside of one."""
    data = sys.modules.get("torch.utils.data")
    info = None if data is None else data.get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)
