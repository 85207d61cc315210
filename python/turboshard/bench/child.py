"""Pillow in another interpreter: pillow-simd is PIL too, so the two never share an environment.

The child holds the images and times itself; only seconds and, once, answers cross the pipe. Messages are pickles,
between two processes of one user started one by the other.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from turboshard.bench.rivals import Pixels

Operation: TypeAlias = (  # stubtest wants a Union
    Literal["decode"] | Literal["half"] | Literal["resize"] | Literal["stretch"]  # noqa: PYI030
)


def interpreter() -> Path:
    """That environment's Python: VENV_SIMD, or .venv-simd beside the running environment or here."""
    folders = [Path(sys.prefix).parent / ".venv-simd", Path.cwd() / ".venv-simd"]
    if named := os.environ.get("VENV_SIMD"):
        folders.insert(0, Path(named))
    for folder in folders:
        if (python := folder / "bin" / "python").exists():
            return python
    raise FileNotFoundError("no .venv-simd; `make rivals` makes it")


class Child:
    """The parent's side: a Pillow elsewhere, asked for answers and for times."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [python, "-m", "turboshard.bench.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.version: str = self._ask("version")

    def load(self, images: Sequence[bytes]) -> None:
        """Hand over the JPEGs to work on, in place of earlier ones."""
        self._ask("load", list(images))

    def answer(self, operation: Operation, size: int, threads: int) -> list[Pixels]:
        """All images, once."""
        pixels: list[Pixels] = self._ask("answer", operation, size, threads)
        return pixels

    def seconds(self, operation: Operation, size: int, threads: int, loops: int) -> float:
        """The mean time of so many runs over all images, by the child's clock."""
        taken: float = self._ask("seconds", operation, size, threads, loops)
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(timeout=30)

    def _ask(self, *message: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            raise RuntimeError("the environment of pillow-simd does not answer; run `make rivals`") from error


class _Server:
    """The child's side: one method a message."""

    def __init__(self) -> None:
        from turboshard.bench import rivals

        self._pillow = rivals.pillow()
        self._images: list[bytes] = []
        self._kept: list[Any] = []

    def version(self) -> str:
        return self._pillow.version

    def load(self, images: list[bytes]) -> None:
        self._images, self._kept = images, []

    def answer(self, operation: Operation, size: int, threads: int) -> list[Pixels]:
        return self._run(operation, size, threads)

    def seconds(self, operation: Operation, size: int, threads: int, loops: int) -> float:
        begin = time.perf_counter()
        for _ in range(loops):
            self._run(operation, size, threads)
        return (time.perf_counter() - begin) / loops

    def _run(self, operation: Operation, size: int, threads: int) -> list[Pixels]:
        rival = self._pillow
        if operation == "stretch":
            return self._stretched(size, threads)

        def one(jpeg: bytes) -> Pixels:
            if operation == "decode":
                return rival.decode(jpeg)
            if operation == "half":
                assert rival.half is not None
                return rival.half(jpeg)
            assert rival.resize is not None
            return rival.resize(jpeg, size)

        return _all(one, self._images, threads)

    def _stretched(self, size: int, threads: int) -> list[Pixels]:
        keep, stretch = self._pillow.keep, self._pillow.stretch
        assert keep is not None
        assert stretch is not None
        if not self._kept:
            self._kept = [keep(jpeg) for jpeg in self._images]
        return _all(lambda image: stretch(image, size), self._kept, threads)


def _all(one: Callable[[Any], Pixels], items: list[Any], threads: int) -> list[Pixels]:
    if threads == 1:
        return [one(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, items))


def _serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    server = _Server()
    while True:
        try:
            name, *arguments = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(getattr(server, name)(*arguments), replies)
        replies.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
