"""The boundary to Python, in processes of their own: imports, threads, the GIL, Ctrl-C, fork, the end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from . import strategies as make

# What a bare import may not load: each costs a user of something else time or memory.
HEAVY = {
    "numpy",
    "torch",
    "torchvision",
    "PIL",
    "webdataset",
    "ray",
    "rich",
    "click",
    "cv2",
    "datasets",
    "pandas",
}

WATCHDOG = 60


def run(code: str, *, timeout: float = WATCHDOG, **environment: str) -> str:
    """Runs Python code in a fresh process; its output."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that takes some milliseconds to decode."""
    path = tmp_path_factory.mktemp("boundary") / "x.jpg"
    path.write_bytes(make.jpeg(make.picture(1024, 1024, 3, 5), quality=95))
    return path


# ---------------------------------------------------------------- import


def test_import_loads_nothing_heavy() -> None:
    loaded = set(run("import sys, turboshard; print(*sys.modules)").split())
    assert "turboshard._core" in loaded
    assert not HEAVY & loaded


def test_import_starts_no_thread() -> None:
    assert run("import os, turboshard; print(len(os.listdir('/proc/self/task')))").strip() == "1"


def test_one_thread_means_none_more(jpeg: Path) -> None:
    code = f"""
        import os, turboshard as ts
        data = open({str(jpeg)!r}, "rb").read()
        import numpy
        before = len(os.listdir("/proc/self/task"))
        ts.decode(data), ts.encode(ts.decode(data, size=64))
        ts.decode_batch([data] * 3, size=64, threads=1)
        print(before, len(os.listdir("/proc/self/task")))
        ts.decode_batch([data] * 3, size=64, threads=2)
        print(len(os.listdir("/proc/self/task")))
    """
    before, after, pooled = map(int, run(code, OPENBLAS_NUM_THREADS="1").split())
    assert before == after
    assert pooled > after, "two threads were asked for: the count above must be able to differ"


# ---------------------------------------------------------------- the GIL


@pytest.mark.parametrize("threads", [1, 2])
def test_other_python_threads_run_meanwhile(jpeg: Path, threads: int) -> None:
    code = f"""
        import threading, time, turboshard as ts
        data = [open({str(jpeg)!r}, "rb").read()] * 60
        ts.decode_batch(data[:2], threads={threads})
        ticks, done = 0, False
        def work():
            global done
            ts.decode_batch(data, size=32, threads={threads})
            done = True
        worker = threading.Thread(target=work)
        start = time.perf_counter()
        worker.start()
        while not done:
            time.sleep(0.002)
            ticks += 1
        worker.join()
        print(ticks, time.perf_counter() - start)
    """
    ticks, seconds = run(code).split()
    assert float(seconds) > 0.1, "the call must be long enough to show anything"
    assert int(ticks) > float(seconds) * 100


def test_python_threads_share_the_pool(jpeg: Path) -> None:
    code = f"""
        import threading, numpy as np, turboshard as ts
        data = open({str(jpeg)!r}, "rb").read()
        expected = ts.decode(data, size=50)
        wrong = []
        def work(threads):
            for _ in range(5):
                found = ts.decode_batch([data] * 4, size=50, threads=threads)
                if not (found == expected).all():
                    wrong.append(threads)
        workers = [threading.Thread(target=work, args=(n,)) for n in (1, 2, 2, 3)]
        [w.start() for w in workers]
        [w.join() for w in workers]
        print(len(wrong))
    """
    assert run(code).strip() == "0"


# ---------------------------------------------------------------- Ctrl-C

LIMIT = 0.2  # seconds from the signal to the KeyboardInterrupt in Python
TRIES = 3  # the machine may be busy with something else: the best counts

LONG_CALLS = {
    "decode_batch on a pool": "ts.decode_batch(data * 400, size=256, threads=2)",
    "decode_batch inline": "ts.decode_batch(data * 400, size=256, threads=1)",
    "shard.load": "ts.Shard(shard).load([0] * 400, ['jpg'], size=256)",
    "verify": "ts.verify(big)",
    "verify deep": "ts.verify(many, deep=True)",
    "index": "ts.Shard.open_all(tiny * 200, threads=1)",
    "index on a pool": "ts.Shard.open_all(tiny * 200, threads=2)",
    "loader": "list(ts.Loader(many, size=256, batch_size=50, threads=2))",
    "loader inline": "list(ts.Loader(many, size=256, batch_size=400, threads=1))",
    "reshard": "ts.reshard(many, out, size=256)",
    "synth": "ts.synth(out, identities=400)",
    "synth inline": "ts.synth(out, identities=400, threads=1)",
}


@pytest.fixture(scope="module")
def many(jpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of 400 large pictures: seconds of decoding."""
    root = tmp_path_factory.mktemp("many") / "r"
    (root / "data").mkdir(parents=True)
    picture = jpeg.read_bytes()
    path = root / "data" / "r-000000.tar"
    path.write_bytes(make.gnu_shard([(f"{n:04d}.jpg", picture) for n in range(400)]))
    return root


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard of 20,000 members of one byte: tens of milliseconds of indexing."""
    path = tmp_path_factory.mktemp("tiny") / "t.tar"
    path.write_bytes(make.gnu_shard([(f"{n:06d}.txt", b"x") for n in range(20_000)]))
    return path


@pytest.fixture(scope="module")
def big_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight sparse shards of 1 GiB with sums: seconds of hashing, no disk."""
    root = tmp_path_factory.mktemp("big")
    (root / "data").mkdir()
    (root / "checksums").mkdir()
    lines = []
    for number in range(8):
        path = root / f"data/big-{number:06d}.tar"
        with path.open("wb") as file:
            file.truncate(1 << 30)
        lines.append(f"{'0' * 64}  data/{path.name}\n")
    (root / "checksums/SHA256SUMS").write_text("".join(lines))
    return root


@pytest.mark.parametrize("name", LONG_CALLS)
def test_ctrl_c(jpeg: Path, big_release: Path, many: Path, tiny: Path, tmp_path: Path, name: str) -> None:
    shard = tmp_path / "x.tar"
    shard.write_bytes(make.gnu_shard([("x.jpg", jpeg.read_bytes())]))
    code = f"""
        import signal, sys, time, turboshard as ts
        signal.signal(signal.SIGINT, signal.default_int_handler)
        data, shard, big = [open({str(jpeg)!r}, "rb").read()], {str(shard)!r}, {str(big_release)!r}
        many, tiny, out = {str(many)!r}, [{str(tiny)!r}], {str(tmp_path / "out")!r}
        ts.decode_batch(data * 2, size=8)
        print("ready", flush=True)
        try:
            {LONG_CALLS[name]}
        except KeyboardInterrupt:
            caught = time.clock_gettime(time.CLOCK_MONOTONIC)
            ts.decode_batch(data * 2, size=8)  # and it works on
            print(caught, flush=True)
        else:
            print("never", flush=True)
    """
    delays = []
    for _ in range(TRIES):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        sent = time.clock_gettime(time.CLOCK_MONOTONIC)
        child.send_signal(signal.SIGINT)
        said, errors = child.communicate(timeout=WATCHDOG)
        assert child.returncode == 0, errors
        assert said != "never\n", "the call ended before the signal came"
        delays.append(float(said) - sent)
        if delays[-1] < LIMIT:
            return
    raise AssertionError(f"KeyboardInterrupt after {delays} s")


# ---------------------------------------------------------------- fork


def test_a_forked_child_decodes_a_batch(jpeg: Path) -> None:
    code = f"""
        import os, turboshard as ts
        data = [open({str(jpeg)!r}, "rb").read()] * 4
        expected = ts.decode_batch(data, size=40, threads=2).tobytes()
        def child(depth):
            pid = os.fork()
            if pid == 0:
                good = ts.decode_batch(data, size=40, threads=2).tobytes() == expected
                if depth and good:
                    good = child(depth - 1)
                os._exit(0 if good else 1)
            return os.waitpid(pid, 0)[1] == 0
        print(child(2), child(0))
        print(ts.decode_batch(data, size=40, threads=2).tobytes() == expected)
    """
    assert run(code).split() == ["True", "True", "True"]


def test_a_fork_in_the_middle_of_a_call(jpeg: Path) -> None:
    code = f"""
        import os, threading, time, turboshard as ts
        data = [open({str(jpeg)!r}, "rb").read()] * 80
        ts.decode_batch(data[:2], size=8, threads=2)
        worker = threading.Thread(target=ts.decode_batch, args=(data,), kwargs=dict(size=8, threads=2))
        worker.start()
        time.sleep(0.05)
        assert worker.is_alive()
        pid = os.fork()
        if pid == 0:
            os._exit(0 if ts.decode_batch(data[:3], size=8, threads=2).any() else 1)
        status = os.waitpid(pid, 0)[1]
        worker.join()
        print(status)
    """
    assert run(code).strip() == "0"


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(jpeg: Path, tmp_path: Path, method: str) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        textwrap.dedent(f"""
        import multiprocessing, turboshard as ts
        DATA = [open({str(jpeg)!r}, "rb").read()] * 3
        def work(n):
            return ts.decode_batch(DATA, size=n, threads=2).sum()
        if __name__ == "__main__":
            expected = [work(n) for n in (8, 9, 10)]
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                print(pool.map(work, (8, 9, 10)) == expected)
    """)
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=WATCHDOG, check=False
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_an_error_crosses_a_process_boundary(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(make.gnu_shard([("a.jpg", b"x" * 600)])[:700])
    script = tmp_path / "main.py"
    script.write_text(
        textwrap.dedent(f"""
        import multiprocessing, turboshard as ts
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(1) as pool:
                try:
                    pool.apply(ts.Shard, ({str(tmp_path / "x.tar")!r},))
                except ts.ShardError as error:
                    print(error.member, error.offset)
    """)
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=WATCHDOG, check=False
    )
    assert (done.returncode, done.stdout) == (0, "a.jpg 0\n"), done.stderr


# ---------------------------------------------------------------- the end


def test_the_interpreter_ends_in_the_middle_of_a_call(jpeg: Path) -> None:
    code = f"""
        import threading, time, turboshard as ts
        data = [open({str(jpeg)!r}, "rb").read()] * 200
        threading.Thread(target=ts.decode_batch, args=(data,), kwargs=dict(size=8), daemon=True).start()
        time.sleep(0.1)
        print("end")
    """
    start = time.monotonic()
    assert run(code).strip() == "end"
    assert time.monotonic() - start < 20


def test_memory_stays_flat(jpeg: Path) -> None:
    code = f"""
        import resource, turboshard as ts
        data = open({str(jpeg)!r}, "rb").read()
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        def work(times):
            for _ in range(times):
                ts.decode(data)
                try:
                    ts.decode(data[:20000])
                except ts.DecodeError:
                    pass
            return peak()
        first = work(5)
        print(work(40) - first)
    """
    assert int(run(code)) < 8 * 1024, "KiB; one picture takes 3 MiB"
