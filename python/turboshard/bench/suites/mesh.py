"""Wavefront OBJ to arrays: a head scan's size and form, against trimesh and against plain Python."""

from __future__ import annotations

import io
import platform
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

import turboshard as ts
from turboshard.bench.harness import Case, Contender, Disagreement
from turboshard.bench.report import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turboshard.bench.suites import Setting

Corners: TypeAlias = npt.NDArray[np.float64]
"""The vertices of each triangle, (triangles, 3, 3): the same however a library numbers its vertices."""

SIDE = 250
"""Vertices along a side: 62,500 vertices and 124,002 triangles, as in a scan of a head."""


def cases(setting: Setting) -> Iterator[Case[ts.Mesh | Corners]]:
    """With texture coordinates, as scanners write them, and with colours."""
    del setting  # meshes are made here, and parsed on one core
    for name, text in (("uv", make_obj(uv=True)), ("colours", make_obj(uv=False))):
        contenders: list[Contender[ts.Mesh | Corners]] = [
            Contender("turboshard", ts.__version__, partial(ts.decode_obj, text)),
            Contender("plain Python", platform.python_version(), partial(_plain, text)),
        ]
        missing = []
        try:
            import trimesh
        except ImportError as error:
            missing.append(Missing("trimesh", str(error)))
        else:
            contenders.append(Contender("trimesh", trimesh.__version__, partial(_trimesh, text)))
        yield Case(
            suite="mesh",
            name=f"OBJ of {SIDE**2} vertices with {name}, 1 core",
            unit="vertices",
            amount=SIDE**2,
            size_bytes=len(text),
            cores=1,
            contenders=contenders,
            agree=_agree,
            missing=missing,
        )


def make_obj(*, uv: bool) -> bytes:
    """A wavy sheet with six digits behind the point."""
    y, x = np.mgrid[:SIDE, :SIDE].reshape(2, -1) / SIDE
    points = np.stack([x * 200 - 100, y * 300 - 150, np.sin(x * 9) * np.cos(y * 7) * 80], -1)
    out = io.StringIO()
    for point, color in zip(points.tolist(), np.stack([x, y, 1 - x], -1).tolist(), strict=True):
        out.write("v {:.6f} {:.6f} {:.6f}".format(*point))
        out.write("\n" if uv else " {:.6f} {:.6f} {:.6f}\n".format(*color))
    for row in np.stack([x, y], -1).tolist() if uv else []:
        out.write("vt {:.6f} {:.6f}\n".format(*row))
    at = np.arange(SIDE**2).reshape(SIDE, SIDE) + 1
    corners = [at[:-1, :-1], at[1:, :-1], at[:-1, 1:], at[:-1, 1:], at[1:, :-1], at[1:, 1:]]
    for face in np.stack(corners, -1).reshape(-1, 3).tolist():
        out.write("f " + " ".join(f"{i}/{i}" if uv else str(i) for i in face) + "\n")
    return out.getvalue().encode()


def _plain(text: bytes) -> Corners:
    """What people write into their data set's loader; it keeps all that ours keeps."""
    vertices, colors, uv, faces, face_uv = [], [], [], [], []
    for line in text.decode().splitlines():
        words = line.split()
        if words[0] == "v":
            row = [float(word) for word in words[1:]]
            vertices.append(row[:3])
            colors.append(row[3:])
        elif words[0] == "vt":
            uv.append([float(word) for word in words[1:3]])
        elif words[0] == "f":
            corners = [word.split("/") for word in words[1:]]
            faces.append([int(corner[0]) - 1 for corner in corners])
            if len(corners[0]) > 1:
                face_uv.append([int(corner[1]) - 1 for corner in corners])
    arrays = [np.array(rows) for rows in (vertices, faces, colors, uv, face_uv)]
    triangles: Corners = arrays[0][arrays[1]]
    return triangles


def _trimesh(text: bytes) -> Corners:
    import trimesh

    mesh = trimesh.load(io.BytesIO(text), file_type="obj", process=False)
    corners: Corners = mesh.vertices[mesh.faces]
    return corners


def _agree(name: str, ours: ts.Mesh | Corners, theirs: ts.Mesh | Corners) -> str:
    assert isinstance(ours, ts.Mesh)
    assert isinstance(theirs, np.ndarray)
    if not np.array_equal(ours.vertices[ours.faces], theirs):
        raise Disagreement(f"{name}: other triangles")
    return "equal"
