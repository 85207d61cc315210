"""The report for people: a table a case, coloured on a terminal and plain in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from turboshard.bench.report import Missing, Report, Result, Timing


def show(report: Report, console: Console) -> None:
    """All of it: first on what, then what was found."""
    for line in machine_lines(report.machine, report.data):
        console.print(line, style="dim", highlight=False, soft_wrap=True)
    for result in report.results:
        _show_case(result, console)
    for missing in absent(report):
        text = f"without {missing.name}: {missing.reason}"
        console.print(text, style="dim", highlight=False, soft_wrap=True)


def absent(report: Report) -> list[Missing]:
    """Those that could not take part, each once."""
    return list(dict.fromkeys(missing for result in report.results for missing in result.missing))


def machine_lines(machine: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """What the figures were measured on, in a few lines."""
    versions = ", ".join(f"{key} {value}" for key, value in machine["turboshard"].items())
    return [
        (
            f"{machine['cpu']}, {machine['cores']} cores, {' '.join(machine['simd_flags']) or 'no SIMD flags'}, "
            f"{machine['memory_bytes'] / 2**30:.0f} GiB, load {machine['load_1m']}"
        ),
        (
            f"{machine['system']}, Python {machine['python']}, numpy {machine['numpy']}, {machine['date']}, "
            f"commit {machine['commit'] or 'unknown'}"
        ),
        f"turboshard: {versions}",
        (
            f"data: {data['source']}; {data['shards']} shards, {data['bytes'] / 1e6:.0f} MB; page cache "
            f"{machine['page_cache']}"
        ),
    ]


def _show_case(result: Result, console: Console) -> None:
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"{result.suite}: {result.case}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if console.is_terminal else box.MARKDOWN,
        pad_edge=not console.is_terminal,
    )
    table.add_column("", no_wrap=True)
    table.add_column("rate", justify="right", no_wrap=True)
    table.add_column("median", justify="right", no_wrap=True)
    table.add_column("IQR", justify="right", no_wrap=True)
    table.add_column("turboshard is", justify="right", no_wrap=True)
    table.add_column("answer")
    for place, timing in enumerate(result.timings):
        table.add_row(
            f"{timing.name} {timing.version}",
            rate(timing.rate, result.unit),
            seconds(timing.median),
            spread(timing),
            "" if place == 0 else ratio(timing.slower),
            timing.answer,
            style="bold" if place == 0 else None,
        )
    console.print(table)
    console.print()


def rate(value: float, unit: str) -> str:
    """`412 images/s`, `1.91 GB/s`, `3.2 M members/s`."""
    if unit == "bytes":
        return f"{value / 1e9:.2f} GB/s" if value >= 1e9 else f"{value / 1e6:.0f} MB/s"
    if value >= 1e6:
        return f"{value / 1e6:.2f} M {unit}/s"
    return f"{value:,.0f} {unit}/s" if value >= 100 else f"{value:.1f} {unit}/s"


def seconds(value: float) -> str:
    """Three digits and the unit that suits them."""
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}" if value * scale < 1000 else f"{value * scale:.0f} {unit}"
    return f"{value * 1e9:.0f} ns"


def spread(timing: Timing) -> str:
    """The interquartile range as a share of the median."""
    return "" if len(timing.seconds) < 2 else f"±{50 * (timing.q3 - timing.q1) / timing.median:.1f} %"


def ratio(slower: float) -> str:
    """`3.4× faster`, or how much slower this library is where it is."""
    if abs(slower - 1) < 0.02:
        return "as fast"
    if slower >= 1:
        return f"{slower:.2f}× faster" if slower < 10 else f"{slower:.0f}× faster"
    return f"{1 / slower:.2f}× slower"
