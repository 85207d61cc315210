"""What a figure was measured on, read from the machine and never typed in."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any


def describe() -> dict[str, Any]:
    """CPU, cores, memory, load, versions, SIMD state, date and commit."""
    import numpy as np

    import turboshard as ts

    cpu = cpu_model()
    return {
        "cpu": cpu,
        "slug": slug(cpu),
        "cores": cores(),
        "simd_flags": simd_flags(),
        "memory_bytes": memory_bytes(),
        "load_1m": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "turboshard": dict(ts.build_info()),
        "page_cache": "warm: every file was read before timing",
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "commit": commit(),
    }


def cores() -> int:
    """The CPUs this process may use: affinity, and the cgroup's quota where there is one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, round(int(quota) / int(period))))


def cpu_model() -> str:
    """The processor's own name."""
    for key in ("model name", "Model", "Hardware"):
        if found := _cpuinfo(key):
            return found
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return platform.processor() or platform.machine()


def simd_flags() -> list[str]:
    """Those of the processor's instruction sets that matter here."""
    present = (_cpuinfo("flags") or _cpuinfo("Features")).split()
    return [flag for flag in ("sse4_1", "avx2", "avx512bw", "sha_ni", "asimd", "sha2") if flag in present]


def memory_bytes() -> int:
    """Physical memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def commit() -> str | None:
    """The commit of the sources the package is run from, `-dirty` where they were edited; else None."""
    here = str(Path(__file__).parent)
    head = _output("git", "-C", here, "rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    return f"{head}-dirty" if _output("git", "-C", here, "status", "--porcelain", "-uno") else head


def slug(cpu: str) -> str:
    """A folder name: `Intel(R) Xeon(R) Processor @ 2.60GHz` -> `intel-xeon-processor-2-60ghz`."""
    plain = re.sub(r"\((r|tm)\)", "", cpu.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _cpuinfo(key: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{re.escape(key)}\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
