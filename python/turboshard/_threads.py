"""How many threads a call gets when nobody said."""

from __future__ import annotations

import os
import sys

from turboshard import _core


def default() -> int:
    """Return the number that ``threads=None`` stands for.

    It is ``TURBOSHARD_NUM_THREADS``; else 1 in a torch worker, where each of many processes would take
    every CPU; else the CPUs this process may use, affinity and cgroup quota counted.
    """
    asked = os.environ.get("TURBOSHARD_NUM_THREADS", "").strip()
    if asked:
        if not asked.isdecimal() or int(asked) < 1:
            raise ValueError(f"TURBOSHARD_NUM_THREADS must be a number from 1, not {asked!r}")
        return int(asked)
    return 1 if _in_torch_worker() else _core.available_parallelism()


def _in_torch_worker() -> bool:
    data = sys.modules.get("torch.utils.data")  # a worker has imported it; nobody else pays for torch
    return data is not None and data.get_worker_info() is not None
