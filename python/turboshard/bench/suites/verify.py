"""A release against its SHA256SUMS: on one core and on all, against hashlib and coreutils."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import turboshard as ts
from turboshard.bench import agreement
from turboshard.bench.harness import Case, Contender, Disagreement
from turboshard.bench.report import Missing
from turboshard.bench.suites import on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from turboshard.bench.suites import Setting

Digests = dict[str, str | None]
"""Shard name to the SHA-256 of its bytes, found equal to that of the sums."""


MADE = 16
"""Shards of the second case, as many as a part of a large release has; their bytes are random."""
MADE_SIZE = 48 << 20


def cases(setting: Setting) -> Iterator[Case[Digests]]:
    """The whole release, then shards large enough that opening them is nothing; each on one core and on all."""
    data = setting.data
    if data.sums is None:
        raise FileNotFoundError(f"{data.root}: no checksums/SHA256SUMS to verify against")
    for threads in setting.cores:
        yield _case(data.root, data.shards, data.sums, threads)
    root = setting.scratch / "verify"
    shards, sums = _make(root)
    for threads in setting.cores:
        yield _case(root, shards, sums, threads)
    shutil.rmtree(root)


def _make(root: Path) -> tuple[list[Path], Path]:
    """Shards and their sums. No two are alike, so that no cache of any contender can help it."""
    (root / "data").mkdir(parents=True)
    (root / "checksums").mkdir()
    block = random.Random(0).randbytes(MADE_SIZE)
    shards, lines = [], []
    for number in range(MADE):
        body = number.to_bytes(8, "little") + block[8:]
        shards.append(root / "data" / f"made-{number:06d}.tar")
        shards[-1].write_bytes(body)
        lines.append(f"{hashlib.sha256(body).hexdigest()}  data/{shards[-1].name}\n")
    sums = root / "checksums" / "SHA256SUMS"
    sums.write_text("".join(lines), encoding="ascii")
    return shards, sums


def _case(root: Path, shards: list[Path], sums: Path, threads: int) -> Case[Digests]:
    """Coreutils is single-threaded: it is quoted on all cores too."""
    expected = read_sums(sums)
    size = sum(shard.stat().st_size for shard in shards)
    contenders = [
        Contender("turboshard", ts.__version__, partial(_ours, root, threads)),
        Contender("hashlib, 1 thread", _openssl(), partial(_hashlib, shards, expected, 1)),
    ]
    if threads > 1:
        run = partial(_hashlib, shards, expected, threads)
        contenders.append(Contender(f"hashlib, {threads} threads", _openssl(), run))
    missing = []
    if shutil.which("sha256sum"):
        version = subprocess.run(
            ["sha256sum", "--version"], capture_output=True, text=True, check=False
        ).stdout
        name = version.splitlines()[0].split()[-1] if version else "?"
        contenders.append(Contender("sha256sum -c", name, partial(_coreutils, root, sums, expected)))
    else:
        missing.append(Missing("sha256sum -c", "not installed"))
    return Case(
        suite="verify",
        name=f"{len(shards)} shards, {size / 1e6:,.0f} MB, {on(threads)}",
        unit="bytes",
        amount=size,
        size_bytes=size,
        cores=threads,
        contenders=contenders,
        agree=agreement.equal,
        missing=missing,
    )


def read_sums(path: Path) -> dict[str, str]:
    """GNU lines, `<hex>  <path>`, by shard name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name.removeprefix("*").rsplit("/", 1)[-1]: digest for digest, name in pairs}


def _ours(root: Path, threads: int) -> Digests:
    report = ts.verify(root, threads=threads)
    if not report.ok:
        raise Disagreement(f"the release itself is not good: {report.problems[:1]}")
    return {shard.path.rsplit("/", 1)[-1]: shard.found for shard in report.shards}


def _hashlib(shards: list[Path], expected: dict[str, str], threads: int) -> Digests:
    def judge(shard: Path) -> str | None:
        with shard.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        return found if found == expected[shard.name] else None

    if threads == 1:
        return {shard.name: judge(shard) for shard in shards}
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip((shard.name for shard in shards), pool.map(judge, shards), strict=True))


def _coreutils(root: Path, sums: Path, expected: dict[str, str]) -> Digests:
    done = subprocess.run(
        ["sha256sum", "-c", str(sums.relative_to(root))],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (line.rsplit(": ", 1) for line in done.stdout.splitlines())
    verdicts = {name.rsplit("/", 1)[-1]: verdict for name, verdict in lines}
    return {name: expected[name] if verdict == "OK" else None for name, verdict in verdicts.items()}


def _openssl() -> str:
    import ssl

    return " ".join(ssl.OPENSSL_VERSION.split()[:2])
