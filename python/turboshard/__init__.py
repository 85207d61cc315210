"""Tar shards of images: verify, index, decode, reshard.

>>> import turboshard as ts
>>> shard = ts.Shard("reghead-v1-512-000000.tar")
>>> shard.load([0, 5, 7], fields=["frown.jpg"], size=256).shape
(3, 1, 256, 256, 3)
"""

from __future__ import annotations

import atexit as _atexit
import os as _os
from importlib import import_module as _import_module
from typing import Any as _Any

from turboshard import _core
from turboshard._core import Progress, build_info, decode, decode_batch, digest_files, encode, info, resize
from turboshard.archive import Archive
from turboshard.auditing import audit
from turboshard.batch import Batch
from turboshard.datasets import ffhq_uv, geogen, headspace, realy, reghead
from turboshard.errors import DecodeError, DecompressionBombWarning, DigestMismatch, ShardError
from turboshard.loader import Loader
from turboshard.mesh import Mesh, decode_obj, encode_ply
from turboshard.packing import pack
from turboshard.release import Release
from turboshard.reshard import reshard
from turboshard.shard import Index, Shard
from turboshard.synth import synth, synth_source
from turboshard.verify import verify

__all__ = [
    "Archive",
    "Batch",
    "DecodeError",
    "DecompressionBombWarning",
    "DigestMismatch",
    "Index",
    "Loader",
    "Mesh",
    "Progress",
    "Release",
    "Shard",
    "ShardError",
    "audit",
    "build_info",
    "decode",
    "decode_batch",
    "decode_obj",
    "digest_files",
    "encode",
    "encode_ply",
    "ffhq_uv",
    "geogen",
    "headspace",
    "info",
    "pack",
    "realy",
    "reghead",
    "reshard",
    "resize",
    "synth",
    "synth_source",
    "verify",
]

__version__: str = _core.__version__


def __getattr__(name: str) -> _Any:
    # Parts for other libraries, imported by those who use them.
    if name in ("torch", "webdataset"):
        return _import_module(f"turboshard.{name}")
    raise AttributeError(f"module 'turboshard' has no attribute {name!r}")


# A forked child has none of its parent's threads: it makes its own when it first needs them.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_core._after_fork_in_child)  # noqa: SLF001
_atexit.register(_core._at_exit)  # noqa: SLF001
