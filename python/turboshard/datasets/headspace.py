"""Headspace: a scan of a head a sample, its texture, landmarks, and JSON with what is known of the subject.

https://www-users.york.ac.uk/~np7/research/Headspace; `turboshard.decode_obj` reads the meshes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from turboshard._core import headspace_landmarks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Buffer

__all__ = ["FIELDS", "NUM_LANDMARKS", "landmarks"]

FIELDS = (
    "obj",
    "mtl",
    "bmp",
    "ldmks.txt",
    "flame.obj",
    "flame.npz",
    "pose.png",
    "pose_landmarks.png",
    "json",
)
"""The fields that a sample can have; ``obj`` and ``json`` are always there."""

NUM_LANDMARKS = 68
"""Landmarks of a face, in the usual order of 68."""


def landmarks(data: Buffer | NDArray[Any], *, vertices: int) -> NDArray[np.uint32]:
    """Read ``ldmks.txt``: the vertices of a scan that are its landmarks.

    Args:
        data: the member's bytes: a vertex a line, counted from 1.
        vertices: how many the scan has.

    Returns:
        uint32 of shape (68,), counted from 0: ``mesh.vertices[landmarks(…)]`` has shape (68, 3).

    Raises:
        ShardError: with the line: fewer than 68, no number, or none of the vertices.
    """
    return headspace_landmarks(data, vertices=vertices)
