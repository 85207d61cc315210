"""Meshes: Wavefront OBJ into arrays, and PLY for viewers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from turboshard import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Buffer


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh: coordinates in the file's unit and order, indices counted from 0.

    Attributes:
        vertices: (N, 3).
        faces: int32 (T, 3); a polygon is the fan of triangles around its first corner.
        colors: of the vertices in the file's own scale, (N, 3), or (N, 4) with alpha; None if they have none.
        uv: texture coordinates, (K, 2); None if there are none.
        normals: (M, 3); None if there are none.
        face_uv: rows of ``uv`` of the corners of ``faces``, int32 (T, 3), -1 where a corner has none; None if none has.
        face_normals: as ``face_uv``, rows of ``normals``.
        face_sizes: corners of each face as written, int32; a face of n is n - 2 rows of ``faces``. None if all are
            triangles.
        materials: files of materials (``mtllib``) as the mesh names them.
    """

    vertices: NDArray[Any]
    faces: NDArray[np.int32]
    colors: NDArray[Any] | None = None
    uv: NDArray[Any] | None = None
    normals: NDArray[Any] | None = None
    face_uv: NDArray[np.int32] | None = None
    face_normals: NDArray[np.int32] | None = None
    face_sizes: NDArray[np.int32] | None = None
    materials: list[str] = field(default_factory=list)


def decode_obj(data: Buffer | NDArray[Any], *, dtype: Literal["float32", "float64"] = "float64") -> Mesh:
    """Read a Wavefront OBJ: ``v`` with or without colours, ``vt``, ``vn``, ``f`` of three or more corners, ``mtllib``.

    Groups, materials, lines, points and curves are passed over. The third number of a ``vt`` is left out. Negative
    indices count back from the latest, as in every OBJ.

    Args:
        data: the file's bytes.
        dtype: of coordinates and colours. float64 is the nearest to the digits, float32 the nearest to that.

    Raises:
        ShardError: with the line, counted from 1, in its words and the byte in ``offset``: a word that is no statement
            of an OBJ, no number or not finite; a vertex or face of too few numbers; only some vertices with colours; an
            index that is 0 or out of range.
        ValueError: another dtype.
    """
    columns = _core.decode_obj(data, dtype=dtype)
    optional = ("colors", "uv", "normals", "face_uv", "face_normals", "face_sizes")
    found: dict[str, Any] = {name: columns[name] for name in optional if len(columns[name])}  # type: ignore[literal-required]
    return Mesh(columns["vertices"], columns["faces"], materials=columns["materials"], **found)


def encode_ply(
    mesh: Mesh, *, dtype: Literal["float32", "float64"] = "float32", texture: str | None = None
) -> bytes:
    """Write a binary little-endian PLY of a mesh, for viewers that read no OBJ.

    It has the vertices, their colours, the triangles, and the texture coordinates of their corners (float32).
    Colours of 0 to 1 are scaled to 0 to 255; if any is above 1, all are taken as 0 to 255 already. Normals are left
    out.

    Args:
        mesh: any array of it may be of another dtype; it is converted.
        dtype: of the vertices.
        texture: the image's file name, for viewers that look for it beside the PLY.

    Raises:
        ValueError: arrays that do not fit each other, a colour out of range, or texture coordinates for some
            corners only.
    """
    import numpy as np

    def numbers(array: NDArray[Any] | None) -> NDArray[np.float64] | None:
        return None if array is None else np.asarray(array, np.float64)

    def indices(array: NDArray[Any] | None) -> NDArray[np.int32] | None:
        if array is None:
            return None
        exact = np.asarray(array)
        narrow = exact.astype(np.int32)
        if not np.array_equal(narrow, exact):
            raise ValueError("an index is no int32")
        return narrow

    vertices, faces = numbers(mesh.vertices), indices(mesh.faces)
    assert vertices is not None
    assert faces is not None
    return _core.encode_ply(
        vertices,
        faces,
        colors=numbers(mesh.colors),
        uv=numbers(mesh.uv),
        face_uv=indices(mesh.face_uv),
        texture=texture,
        dtype=dtype,
    )
