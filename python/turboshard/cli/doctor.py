"""``turboshard doctor``: what is installed, and whether anything keeps it slow."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

import click

from turboshard.cli.exit import Exit
from turboshard.cli.output import Settings, common, pass_settings, print_json

EXTRAS = ("numpy", "click", "rich", "torch", "webdataset", "Pillow", "simplejpeg", "ray")


@click.command
@common("json")
@pass_settings
def doctor(settings: Settings) -> int:
    """Print versions, SIMD level, SHA extension, CPU and threads; fail if libjpeg-turbo has no SIMD."""
    from turboshard import _threads, build_info

    build = build_info()
    packages = {name: _version(name) for name in EXTRAS}
    complaints = []
    if build["simd"] == "none":
        complaints.append("libjpeg-turbo runs without SIMD: decoding and encoding are 3-4 times slower")
    if build["profile"] == "debug":
        complaints.append("this is a debug build: build with --release")
    healthy = build["simd"] != "none"
    facts = {"python": platform.python_version(), "cpu": _cpu(), "threads": _threads.default()}
    if settings.json:
        print_json(healthy=healthy, **build, **facts, packages=packages, complaints=complaints)
    else:
        for name, value in (
            ("turboshard", f"{build['version']}, {build['profile']} build"),
            ("libjpeg-turbo", f"{build['libjpeg_turbo']}, SIMD: {build['simd']}"),
            ("own kernels", build["isa"]),
            ("JPEG decoder", build["jpeg_decoder"]),
            ("JPEG encoder", build["jpeg_encoder"]),
            ("SHA extension", "yes" if build["sha_extension"] else "no"),
            ("SHA-256", f"{build['sha256']} kernel"),
            ("CPU", f"{facts['cpu']} ({build['target']})"),
            ("threads", facts["threads"]),
            ("Python", facts["python"]),
            *((name, version or "not installed") for name, version in packages.items()),
        ):
            click.echo(f"{name:14} {value}")
        for complaint in complaints:
            click.echo(f"turboshard: {complaint}", err=True)
    return Exit.GOOD if healthy else Exit.ENVIRONMENT


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
