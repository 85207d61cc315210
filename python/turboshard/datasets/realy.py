"""REALY: four regions of a face scan a sample, 85 keypoints, images, and JSON with the metrical scale.

https://github.com/czh-98/REALY; `turboshard.decode_obj` reads the meshes.
"""

from __future__ import annotations

__all__ = ["FIELDS", "NUM_KEYPOINTS", "REGIONS"]

REGIONS = ("nose", "mouth", "forehead", "cheek")
"""The regions in the order of the publisher's error table."""

FIELDS = (*(f"{region}.obj" for region in REGIONS), "keypoints.obj")
"""The fields of the meshes that every sample has; those of images are as found."""

NUM_KEYPOINTS = 85
"""Vertices of ``keypoints.obj``."""
