"""The report as one HTML file that needs nothing else: inline style, bars as inline SVG, no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from turboshard.bench.table import absent, machine_lines, rate, ratio, seconds, spread

if TYPE_CHECKING:
    from turboshard.bench.report import Report, Result

STYLE = """
:root { color-scheme: light dark; --ours: #1f77b4; --theirs: #b9c0c8; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1rem; margin: 2rem 0 .3rem; } p, .note { color: GrayText; font-size: .85rem; margin: .2rem 0; }
svg { width: 100%; height: auto; display: block; } text { font: 13px system-ui, sans-serif; fill: CanvasText; }
.ours { fill: var(--ours); } .theirs { fill: var(--theirs); } .bold { font-weight: 600; }
"""
ROW, LABEL, BAR, WIDTH = 26, 320, 250, 900


def render(report: Report) -> str:
    """The whole page."""
    notes = "".join(f"<p>{escape(line)}</p>" for line in machine_lines(report.machine, report.data))
    cases = "".join(map(_case, report.results))
    cases += "".join(f"<p>without {escape(m.name)}: {escape(m.reason)}</p>" for m in absent(report))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>turboshard bench</title>'
        f"<style>{STYLE}</style><h1>turboshard bench</h1>{notes}"
        f"<p>Longer bars are faster. Contenders took turns in one run; medians, ± half the interquartile range.</p>"
        f"{cases}</html>\n"
    )


def _case(result: Result) -> str:
    fastest = max(timing.rate for timing in result.timings)
    rows = []
    for place, timing in enumerate(result.timings):
        y, kind = place * ROW, "ours" if place == 0 else "theirs"
        length = max(1.0, BAR * timing.rate / fastest)
        figures = f"{rate(timing.rate, result.unit)} {spread(timing)}"
        compared = f"turboshard {ratio(timing.slower)}" if place else ""
        bold = ' class="bold"' if place == 0 else ""
        rows.append(
            f"<g><title>{seconds(timing.median)}; answer: {escape(timing.answer or 'this library')}</title>"
            f'<text x="{LABEL - 8}" y="{y + 17}" text-anchor="end"{bold}>{escape(timing.name)} '
            f"{escape(timing.version)}</text>"
            f'<rect class="{kind}" x="{LABEL}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" rx="2"/>'
            f'<text x="{LABEL + length + 8:.1f}" y="{y + 17}"{bold}>{escape(figures)}</text>'
            f'<text x="{WIDTH - 4}" y="{y + 17}" text-anchor="end">{escape(compared)}</text></g>'
        )
    return (
        f"<h2>{escape(result.suite)}: {escape(result.case)}</h2>"
        f'<svg viewBox="0 0 {WIDTH} {ROW * len(rows)}" role="img">{"".join(rows)}</svg>'
    )
