"""Small archives, made without the library, and all that is in one read back."""

import io
import random
import tarfile
import zipfile

from hypothesis import strategies as st

import turboshard as ts

Files = dict[str, bytes]

parts = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\:\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=12,
)
names = st.lists(parts.filter(lambda part: part not in (".", "..")), min_size=1, max_size=3).map("/".join)
contents = st.binary(max_size=200) | st.integers(0, 70_000).map(
    lambda n: random.Random(n).randbytes(n // 7) * 7
)
trees = st.dictionaries(names, contents, max_size=12)


def tar_of(files: Files, form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def zip_of(
    files: Files, method: int = zipfile.ZIP_DEFLATED, *, big: bool = False, streamed: bool = False
) -> bytes:
    out = io.BytesIO()

    class Pipe(io.RawIOBase):
        """What cannot seek makes zipfile write data descriptors."""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return out.write(data)  # type: ignore[call-overload, no-any-return]

    with zipfile.ZipFile(Pipe() if streamed else out, "w", method) as archive:
        for name, data in files.items():
            with archive.open(
                zipfile.ZipInfo(name) if not method else _deflated(name), "w", force_zip64=big
            ) as file:
                file.write(data)
    return out.getvalue()


def _deflated(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def as_read(archive: ts.Archive) -> Files:
    """Every file, first at random and then in order."""
    listed = archive.names()
    found = {name: archive.read(name) for name in random.Random(1).sample(listed, len(listed))}
    assert dict(archive) == found
    assert archive.sizes().tolist() == [len(found[name]) for name in listed]
    return found


def noisy(count: int = 40, seed: int = 0) -> Files:
    """Files of words, so that deflate makes many blocks with matches across all of its window."""
    draw = random.Random(seed)
    words = [draw.randbytes(draw.randint(2, 30)) for _ in range(400)]
    return {
        f"subject/{n:03d}.obj": b" ".join(draw.choices(words, k=draw.randint(0, 4000))) for n in range(count)
    }
