"""`.pt` without torch: held to numpy and, where it is installed, to torch; what a pickle asks for is never done."""

import contextlib
import io
import math
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts


def pt(pickled: bytes, data: bytes = b"\0" * 64, **others: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/data/0", data)
        for name, content in others.items():
            archive.writestr(f"archive/{name}", content)
    return out.getvalue()


def text(words: str) -> bytes:
    return b"X" + len(words).to_bytes(4, "little") + words.encode()


def tensor(
    shape: tuple[int, ...] = (2, 3), stride: tuple[int, ...] = (3, 1), count: int = 6, offset: int = 0
) -> bytes:
    """The opcodes of one float tensor, as torch's own pickler writes them."""
    ints = [b"(" + b"".join(b"J" + n.to_bytes(4, "little") for n in axes) + b"t" for axes in (shape, stride)]
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cuda:0")
    storage += b"J" + count.to_bytes(4, "little") + b"tQ"
    call = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"J" + offset.to_bytes(4, "little")
    return call + b"".join(ints) + b"\x89ccollections\nOrderedDict\n)RtR"


VALUES = np.arange(6, dtype=np.float32)


def test_a_tensor_saved_on_a_gpu_is_read() -> None:
    found = ts.ffhq_uv.load_pt(pt(b"\x80\2" + tensor() + b".", VALUES.tobytes()))
    assert found.keys() == {""}
    assert np.array_equal(found[""], VALUES.reshape(2, 3))
    assert found[""].flags.writeable
    named = b"\x80\2}(" + text("latent") + tensor((3, 2), (1, 3)) + text("epoch") + b"K\7u."
    found = ts.ffhq_uv.load_pt(pt(named, VALUES.tobytes()))
    assert found.keys() == {"latent"}
    assert np.array_equal(found["latent"], VALUES.reshape(2, 3).T)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("was-run",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_code_is_refused_by_name_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ts.ShardError, match=r"posix\.mkdir"):
        ts.ffhq_uv.load_pt(pt(pickle.dumps({"latent": Evil()}, protocol)))
    assert not (tmp_path / "was-run").exists()
    pickle.loads(pickle.dumps(Evil()))  # it would have been
    assert (tmp_path / "was-run").exists()


def laugh(n: int) -> bytes:
    """A list of twice the one before it."""
    return b"](h%ch%ceq%c" % (n, n, n + 1)


HOSTILE = {
    "a builtin": (b"\x80\2cbuiltins\neval\n(" + text("1") + b"tR.", "builtins.eval"),
    "a name of torch": (b"\x80\2ctorch\nload\n.", "torch.load"),
    "an instance": (b"\x80\2(i__main__\nX\n.", "opcode"),
    "an object built": (b"\x80\2}}b.", "opcode"),
    "an extension": (b"\x80\2\x82\1.", "opcode"),
    "text that calls": (b"\x80\2" + text("a") + b")R.", "none of a tensor's"),
    "an empty stack": (b"\x80\2.", "stack is empty"),
    "no end": (b"\x80\2N", "cut off"),
    "a protocol of old": (b"(dp0\n.", "opcode"),
    "memory unknown": (b"\x80\2h\7.", "never remembered"),
    "lists in lists": (b"\x80\2" + b"]" * 100 + b"a" * 99 + b".", "without end"),
    "laughs": (b"\x80\2]q\0" + b"".join(map(laugh, range(30))) + b".", "too many"),
    "remembered without end": (b"\x80\2N" + b"\x94" * 300_000 + b".", "too many"),
    "a storage too small": (b"\x80\2" + tensor((2, 30), (30, 1), 60) + b".", "bytes where"),
    "a view outside": (b"\x80\2" + tensor(offset=4) + b".", "out of its storage"),
    "a view without end": (b"\x80\2" + tensor((1 << 30, 1 << 30), (0, 0)) + b".", "out of its storage"),
    "a number": (b"\x80\2K\1.", "neither a tensor"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_tensor_is_refused(name: str) -> None:
    pickled, words = HOSTILE[name]
    with pytest.raises(ts.ShardError, match=words):
        ts.ffhq_uv.load_pt(pt(pickled, VALUES.tobytes()))


def test_what_is_no_such_file_is_refused() -> None:
    with pytest.raises(ts.ShardError, match="not a zip"):
        ts.ffhq_uv.load_pt(pickle.dumps({}))
    with pytest.raises(ts.ShardError, match="little-endian"):
        ts.ffhq_uv.load_pt(pt(b"\x80\2" + tensor() + b".", VALUES.tobytes(), byteorder=b"big"))
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(ts.ShardError, match=r"no data\.pkl"):
        ts.ffhq_uv.load_pt(empty.getvalue())


@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_an_error(data: bytes) -> None:
    whole = b"\x80\2}(" + text("latent") + tensor() + b"u."
    for pickled in (b"\x80\2" + data, whole[: len(whole) - len(data)] + data):
        with contextlib.suppress(ts.ShardError):
            ts.ffhq_uv.load_pt(pt(pickled, VALUES.tobytes()))


def test_torch_and_we_read_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="make test-train installs it")
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    saved = {
        "latent": base,
        "view": base[1:, ::2].transpose(0, 2),
        "half": base.half(),
        "double": base.double(),
        "long": base.long(),
        "bytes": base.byte(),
        "bool": base > 30,
        "alone": torch.tensor(2.5),
        "none": torch.zeros(0, 3),
        "words": "passed over",
        "nested": {"x": [1, (2, 3.5), None, True]},
    }
    torch.save(saved, tmp_path / "a.pt")
    found = ts.ffhq_uv.load_pt((tmp_path / "a.pt").read_bytes())
    assert found.keys() == {name for name, value in saved.items() if isinstance(value, torch.Tensor)}
    for name, array in found.items():
        assert np.array_equal(array, saved[name].numpy())
        assert array.dtype == saved[name].numpy().dtype
    torch.save(base, tmp_path / "b.pt")
    assert np.array_equal(ts.ffhq_uv.load_pt((tmp_path / "b.pt").read_bytes())[""], base.numpy())


DTYPES = ("float32", "float16", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
axes = st.lists(st.integers(0, 5), max_size=4)
turns = st.permutations(range(4))
steps = st.lists(st.integers(1, 3), min_size=4, max_size=4)


@given(
    st.dictionaries(st.text(max_size=5), st.tuples(axes, st.sampled_from(DTYPES), turns, steps), max_size=4)
)
def test_whatever_torch_saves_is_read_as_torch_reads_it(
    scratch: Path, drawn: dict[str, tuple[list[int], str, list[int], list[int]]]
) -> None:
    torch = pytest.importorskip("torch", reason="make test-train installs it")
    saved = {}
    for name, (shape, dtype, order, step) in drawn.items():
        values = torch.arange(math.prod(shape)).reshape(shape).to(getattr(torch, dtype))
        # Axes in another order and with gaps: views whose storage has more than they show.
        values = values.permute([axis for axis in order if axis < len(shape)])
        saved[name] = values[tuple(slice(None, None, step[axis]) for axis in range(len(shape)))]
    path = scratch / "a.pt"
    torch.save(saved, path)
    theirs = torch.load(path, weights_only=True)
    ours = ts.ffhq_uv.load_pt(path.read_bytes())
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.dtype == theirs[name].numpy().dtype
        assert array.shape == tuple(theirs[name].shape)
        assert np.array_equal(array, theirs[name].numpy())


def test_torch_reads_what_is_drawn(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="make test-train installs it")
    from turboshard.synth import synth_source

    synth_source("ffhq-uv", tmp_path / "source", subjects=1, size=16)
    with zipfile.ZipFile(tmp_path / "source/face-latents.zip") as archive:
        data = archive.read("000000/000000_front_latent.pt")
    theirs = torch.load(io.BytesIO(data), weights_only=True)
    ours = ts.ffhq_uv.load_pt(data)
    assert theirs.keys() == ours.keys() == {"latent", "attribute"}
    for name, array in ours.items():
        assert np.array_equal(theirs[name].numpy(), array)
