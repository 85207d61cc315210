"""GeoGen: seven views of a head, and the cameras that took them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from turboshard import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VIEWS = tuple(f"{view}.png" for view in range(7))
"""The fields of the views."""


class Cameras(NamedTuple):
    """A subject's cameras: a float64 matrix a view of 3x3, 3x4 or 4x4, as the publisher has them.

    Whether extrinsics lead from world to camera or back is documented nowhere; intrinsics are in pixels.
    """

    extrinsics: list[NDArray[np.float64]]
    intrinsics: list[NDArray[np.float64]]


def cameras(meta: bytes | dict[str, Any]) -> Cameras:
    """Take the cameras from a sample's JSON: its bytes, or what was parsed of them (``batch.meta``).

    Intrinsics that all views share are given once a view.

    Raises:
        ShardError: there are no cameras in it, or they are no such matrices.
    """
    import numpy as np

    text = json.dumps(meta).encode() if isinstance(meta, dict) else bytes(meta)
    extrinsics, intrinsics = (
        [np.array(values).reshape(rows, columns) for rows, columns, values in matrices]
        for matrices in _core.geogen_cameras(text)
    )
    if len(intrinsics) == 1:
        intrinsics = [intrinsics[0].copy() for _ in extrinsics]
    return Cameras(extrinsics, intrinsics)
