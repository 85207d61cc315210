"""`decode_obj` against the plain reader and trimesh; `encode_ply` read back by trimesh."""

import io
from collections.abc import Sequence
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import event, given
from PIL import Image

import turboshard as ts

from .reference import mesh as reference

COORDINATES = st.floats(-1e6, 1e6, allow_subnormal=True) | st.sampled_from(
    [0.0, -0.0, 1e-300, 0.1, 123.456789]
)
SPELLINGS = st.sampled_from(["{!r}", "{:.6f}", "{:.12e}", "+{:.3f}", "{:g}", "{:.17g}", "{:.0f}."])
BLANKS = st.sampled_from([" ", "  ", "\t", " \\\n", " \\\r\n "])
ENDS = st.sampled_from(["\n", "\r\n", " \n", "\n\n", " # what\n", "\n# C:\\heads\\\n"])


@st.composite
def objs(draw: st.DrawFn, *, plain: bool = False) -> str:
    """The text of an OBJ; `plain` ones keep each statement on one line."""
    blanks, ends = (st.just(" "), st.just("\n")) if plain else (BLANKS, ENDS)

    def statement(word: str, parts: Sequence[str]) -> str:
        return word + "".join(draw(blanks) + part for part in parts) + draw(ends)

    def numbers(count: int) -> list[str]:
        return [draw(SPELLINGS).format(draw(COORDINATES)).replace("+-", "-") for _ in range(count)]

    channels = draw(st.sampled_from([0, 0, 3, 4]))
    counts = {"v": draw(st.integers(1, 6)), "vt": draw(st.integers(0, 3)), "vn": draw(st.integers(0, 3))}
    widths = {"v": 3 + channels, "vt": draw(st.integers(1, 3)), "vn": 3}
    lines = [statement(word, numbers(widths[word])) for word, n in counts.items() for _ in range(n)]
    for _ in range(draw(st.integers(0, 5))):
        has = [True, *(counts[word] > 0 and draw(st.booleans()) for word in ("vt", "vn"))]
        corners = []
        for _ in range(draw(st.integers(3, 6))):
            picked = [
                draw(st.integers(1, n) | st.integers(-n, -1)) if wanted else ""
                for wanted, n in zip(has, counts.values(), strict=True)
            ]
            corners.append("/".join(map(str, picked)).rstrip("/"))
        lines.append(statement("f", corners))
    for word in draw(
        st.lists(st.sampled_from(["o head", "s off", "usemtl skin", "mtllib a.mtl"]), max_size=2)
    ):
        lines.insert(draw(st.integers(0, len(lines))), word + "\n")
    return "".join(lines)


def rows(found: np.ndarray | None) -> list[object]:
    return [] if found is None else found.tolist()


def same(found: ts.Mesh, expected: reference.Mesh) -> None:
    assert rows(found.vertices) == expected.vertices
    assert rows(found.colors) == [color for color in expected.colors if color]
    assert rows(found.uv) == expected.uv
    assert rows(found.normals) == expected.normals
    assert rows(found.faces) == expected.triangles(0)
    for what, named in ((1, found.face_uv), (2, found.face_normals)):
        wanted = expected.triangles(what)
        assert rows(named) == (wanted if any(i >= 0 for row in wanted for i in row) else [])
    sizes = [len(polygon) for polygon in expected.polygons]
    assert rows(found.face_sizes) == (sizes if set(sizes) - {3} else [])
    assert found.materials == expected.materials


@given(objs())
def test_what_is_read_is_what_the_plain_reader_reads(text: str) -> None:
    expected = reference.read(text)
    assert expected.vertices
    event(f"{min(len(expected.polygons), 2)} polygons, colours: {bool(expected.colors[0])}")
    found = ts.decode_obj(text.encode())
    same(found, expected)
    assert found.vertices.dtype == np.float64
    assert found.faces.dtype == np.int32
    single = ts.decode_obj(text.encode(), dtype="float32")
    assert single.vertices.dtype == np.float32
    np.testing.assert_array_equal(single.vertices, found.vertices.astype(np.float32))


@given(objs(plain=True), st.data())
def test_a_damaged_file_is_refused_where_the_plain_reader_refuses_it(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(
        st.sampled_from(["", " ", "\n", "/", "-", "0", "9", "x", ".", "e", "f", "v", "1e400", "nan"])
    )
    text = text[:at] + new + text[at + data.draw(st.integers(0, 3)) :]
    try:
        expected = reference.read(text)
    except reference.Refused as refused:
        event("refused")
        with pytest.raises(ts.ShardError, match=f"OBJ line {refused.line}: ") as caught:
            ts.decode_obj(text.encode())
        assert caught.value.offset is not None
    else:
        event("read")
        same(ts.decode_obj(text.encode()), expected)


@pytest.mark.parametrize(
    ("face", "words"),
    [
        ("f 1 2 4", "vertex index 4 is out of range: there are 3"),
        ("f 1 2 -4", "vertex index -4 is out of range: there are 3"),
        ("f 0 1 2", "index 0, but they count from 1"),
        ("f 1 2 18446744073709551617", "is out of range: there are 3"),
        ("f 1/1 2/1 3/2", "texture coordinate index 2 is out of range: there are 1"),
        ("f 1//1 2//1 3//1", "normal index 1 is out of range: there are 0"),
    ],
)
def test_an_index_of_nothing_is_refused_with_its_line(face: str, words: str) -> None:
    text = f"v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\n{face}\n"
    with pytest.raises(ts.ShardError, match=f"OBJ line 5: .*{words}") as caught:
        ts.decode_obj(text.encode())
    assert caught.value.offset is not None
    assert 31 <= caught.value.offset < len(text)


def test_another_kind_of_file_is_no_empty_mesh() -> None:
    for data in (b"BM\x36\x00", b"ply\nformat ascii 1.0\n", b"\x1f\x8b\x08\x00", b"<html>"):
        with pytest.raises(ts.ShardError, match=r"OBJ line 1: .* is no statement"):
            ts.decode_obj(data)
    with pytest.raises(ValueError, match="dtype float16"):
        ts.decode_obj(b"", dtype="float16")
    with pytest.raises(TypeError):
        ts.decode_obj("v 0 0 0")
    assert ts.decode_obj(b"").vertices.shape == (0, 3)


def grid(side: int, *, colors: bool = False, uv: bool = False) -> bytes:
    """A wavy square as a scanner writes it, for comparisons that need some size."""
    out = io.StringIO()
    y, x = np.mgrid[:side, :side]
    z = np.sin(x * 0.3) * np.cos(y * 0.2)
    for row in np.stack([x, y, z], -1).reshape(-1, 3):
        color = f" {row[0] / side:.4f} 0.5000 {row[1] / side:.4f}" if colors else ""
        out.write("v {:.6f} {:.6f} {:.6f}".format(*row) + color + "\n")
    for row in np.stack([x, y], -1).reshape(-1, 2) / side if uv else []:
        out.write("vt {:.6f} {:.6f}\n".format(*row))
    at = np.arange(side * side).reshape(side, side) + 1
    corners = [at[:-1, :-1], at[1:, :-1], at[:-1, 1:], at[:-1, 1:], at[1:, :-1], at[1:, 1:]]
    for face in np.stack(corners, -1).reshape(-1, 3):
        out.write("f " + " ".join(f"{i}/{i}" if uv else str(i) for i in face) + "\n")
    return out.getvalue().encode()


def test_trimesh_reads_the_same_obj() -> None:
    trimesh = pytest.importorskip("trimesh", reason="trimesh is installed by make test")
    text = grid(40, colors=True)
    found = ts.decode_obj(text)
    theirs = trimesh.load(io.BytesIO(text), file_type="obj", process=False, maintain_order=True)
    np.testing.assert_array_equal(found.vertices, theirs.vertices)
    np.testing.assert_array_equal(found.faces, theirs.faces)
    assert len(found.faces) == 39 * 39 * 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("colors", [False, True])
@pytest.mark.parametrize("uv", [False, True])
def test_trimesh_reads_the_ply_back(dtype: str, colors: bool, uv: bool, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh", reason="trimesh is installed by make test")
    mesh = ts.decode_obj(grid(20, colors=colors, uv=uv))
    data = ts.encode_ply(mesh, dtype=dtype, texture="head.bmp" if uv else None)
    path = tmp_path / "head.ply"
    path.write_bytes(data)
    Image.new("RGB", (4, 4), (9, 99, 199)).save(tmp_path / "head.bmp")
    theirs = trimesh.load(path, process=False)
    corners = mesh.vertices.astype(dtype)[mesh.faces]
    np.testing.assert_array_equal(theirs.vertices[theirs.faces], corners)  # with uv it splits vertices
    if uv:
        assert mesh.uv is not None
        assert theirs.visual.material.image.getpixel((0, 0)) == (9, 99, 199)
        np.testing.assert_allclose(theirs.visual.uv[theirs.faces], mesh.uv[mesh.face_uv], atol=1e-6)
    if colors and not uv:
        assert mesh.colors is not None
        wanted = np.floor(mesh.colors * 255 + 0.5)
        np.testing.assert_array_equal(theirs.visual.vertex_colors[:, :3], wanted)
    if uv:
        assert mesh.uv is not None
        assert mesh.face_uv is not None
        row = np.dtype([("count", "u1"), ("faces", "<i4", 3), ("coordinates", "u1"), ("uv", "<f4", (3, 2))])
        faces = np.frombuffer(data[-len(mesh.faces) * row.itemsize :], row)
        assert set(faces["coordinates"]) == {6}
        np.testing.assert_array_equal(faces["uv"], mesh.uv[mesh.face_uv].astype("f4"))


def test_a_mesh_made_in_numpy_can_be_written() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    data = ts.encode_ply(ts.Mesh(corners, np.array([[0, 1, 2]])))
    head, _, body = data.partition(b"end_header\n")
    assert b"element vertex 3\n" in head
    assert body == corners.tobytes() + b"\x03" + np.arange(3, dtype="<i4").tobytes()
    wrong = [
        ts.Mesh(corners, np.array([[0, 1, 3]])),
        ts.Mesh(corners, np.array([[0, 1, -1]])),
        ts.Mesh(corners, np.array([[0, 1, 2**40]])),
        ts.Mesh(corners, np.array([[0, 1]])),
        ts.Mesh(corners, np.array([[0, 1, 2]]), colors=np.zeros((2, 3))),
        ts.Mesh(corners, np.array([[0, 1, 2]]), colors=np.full((3, 3), -1.0)),
        ts.Mesh(corners, np.array([[0, 1, 2]]), uv=np.zeros((1, 2)), face_uv=np.array([[0, 0, 1]])),
        ts.Mesh(corners, np.array([[0, 1, 2]]), uv=np.zeros((1, 2)), face_uv=np.array([[0, 0, -1]])),
    ]
    for mesh in wrong:
        with pytest.raises(ValueError, match=r"."):
            ts.encode_ply(mesh)
