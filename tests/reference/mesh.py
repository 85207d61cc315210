"""Wavefront OBJ, word by word."""

import math
import re
from dataclasses import dataclass, field

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
INDEX = re.compile(r"-?[0-9]+")
PASSED_OVER = {"o", "g", "s", "usemtl", "l", "p"}


class Refused(Exception):
    """No OBJ; the line, counted from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass
class Mesh:
    """Rows as lists; a corner without texture coordinate or normal has -1 there."""

    vertices: list[list[float]] = field(default_factory=list)
    colors: list[list[float]] = field(default_factory=list)
    uv: list[list[float]] = field(default_factory=list)
    normals: list[list[float]] = field(default_factory=list)
    polygons: list[list[tuple[int, int, int]]] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)

    def triangles(self, what: int) -> list[list[int]]:
        """Each polygon as a fan around its first corner; ``what`` is 0 for vertices, 1 for uv, 2 for normals."""
        return [
            [polygon[0][what], polygon[i][what], polygon[i + 1][what]]
            for polygon in self.polygons
            for i in range(1, len(polygon) - 1)
        ]


def read(text: str) -> Mesh:
    """The mesh of an OBJ's text."""
    mesh = Mesh()
    indices: list[tuple[int, list[tuple[int, int, int]]]] = []
    for line, words in _statements(text):
        match words[0]:
            case "v":
                _vertex(mesh, line, _numbers(line, words[1:], (3, 4, 6, 7)))
            case "vt":
                mesh.uv.append([*_numbers(line, words[1:], (1, 2, 3)), 0.0][:2])
            case "vn":
                mesh.normals.append(_numbers(line, words[1:], (3,)))
            case "f":
                counts = len(mesh.vertices), len(mesh.uv), len(mesh.normals)
                indices.append((line, _face(line, words[1:], counts)))
            case "mtllib":
                mesh.materials.append(" ".join(words[1:]))
            case word if word not in PASSED_OVER:
                raise Refused(line)
    for line, polygon in indices:
        for v, t, n in polygon:
            if v >= len(mesh.vertices) or t >= len(mesh.uv) or n >= len(mesh.normals):
                raise Refused(line)
        mesh.polygons.append(polygon)
    return mesh


def _statements(text: str) -> list[tuple[int, list[str]]]:
    found, words = [], []
    for line, whole in enumerate(text.split("\n"), 1):
        here = [word for word in re.split(r"[ \t\r]+", whole) if word]
        comment = next((i for i, word in enumerate(here) if word.startswith("#")), None)
        words += here[:comment]
        if comment is None and words and words[-1].endswith("\\") and words[0] != "mtllib":
            words[-1] = words[-1][:-1]
            words = [word for word in words if word]
            continue
        if words:
            found.append((line, words))
        words = []
    return [*found, (text.count("\n") + 1, words)] if words else found


def _numbers(line: int, words: list[str], counts: tuple[int, ...]) -> list[float]:
    if len(words) not in counts or not all(NUMBER.fullmatch(word) for word in words):
        raise Refused(line)
    row = [float(word) for word in words]
    if not all(map(math.isfinite, row)):
        raise Refused(line)
    return row


def _vertex(mesh: Mesh, line: int, row: list[float]) -> None:
    color = row[3:] if len(row) > 4 else []
    if (len(row) == 4 and row[3] != 1) or (mesh.colors and len(mesh.colors[0]) != len(color)):
        raise Refused(line)
    mesh.vertices.append(row[:3])
    mesh.colors.append(color)


def _face(line: int, words: list[str], counts: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    polygon = [_corner(line, word, counts) for word in words]
    if len(polygon) < 3 or len({(t < 0, n < 0) for _, t, n in polygon}) > 1:
        raise Refused(line)
    return polygon


def _corner(line: int, word: str, counts: tuple[int, int, int]) -> tuple[int, int, int]:
    parts = [*word.split("/"), "", ""]
    if len(parts) > 5 or not parts[0] or not all(INDEX.fullmatch(part) for part in parts if part):
        raise Refused(line)
    found = []
    for part, count in zip(parts[:3], counts, strict=True):
        index = int(part or 0)
        place = index - 1 if index > 0 else count + index
        if part and (index == 0 or place < 0):
            raise Refused(line)
        found.append(place if part else -1)
    return found[0], found[1], found[2]
