"""The benchmarks' own honesty: turns, ratios, answers compared first, records kept, pages that need nothing."""

import ast
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from turboshard.bench import agreement, machine, page, table
from turboshard.bench.harness import Case, Contender, Disagreement, measure
from turboshard.bench.report import Missing, Report, Result, Timing

Log = list[tuple[str, str]]


def contender(name: str, seconds: float, log: Log, answer: int = 7) -> Contender[int]:
    """A contender that takes as long as it says, by its own clock."""

    def run() -> int:
        log.append((name, "run"))
        return answer

    def clock(loops: int) -> float:
        assert loops >= 1
        log.append((name, "clock"))
        return seconds

    return Contender(name, "1", run, clock=clock)


def case(contenders: list[Contender[int]], amount: int = 10) -> Case[int]:
    return Case(
        "suite", "case", "images", amount, 1000, 1, contenders, agreement.equal, [Missing("x", "absent")]
    )


def test_ratios_rates_and_spread_are_those_of_the_times() -> None:
    log: Log = []
    result = measure(case([contender("ours", 0.5, log), contender("other", 2.0, log)]), rounds=3)
    ours, other = result.timings
    assert (ours.median, ours.rate, ours.slower) == (0.5, 20.0, 1.0)
    assert (other.median, other.rate, other.slower) == (2.0, 5.0, 4.0)
    assert (other.q1, other.q3, other.seconds) == (2.0, 2.0, [2.0] * 3)
    assert (ours.answer, other.answer) == ("", "equal")


def test_contenders_take_turns_and_each_goes_first() -> None:
    log: Log = []
    measure(case([contender("a", 1, log), contender("b", 1, log)]), rounds=2)
    assert [name for name, what in log if what == "run"] == ["a", "b"]
    assert [name for name, what in log if what == "clock"] == ["a", "b", "b", "a"]


def test_another_answer_stops_before_anything_is_timed() -> None:
    log: Log = []
    with pytest.raises(Disagreement, match=r"wrong: another answer: 8, not 7"):
        measure(case([contender("ours", 1, log), contender("wrong", 1, log, answer=8)]), rounds=2)
    assert log
    assert all(what == "run" for _, what in log)


def test_a_wall_clock_sample_is_divided_by_its_loops() -> None:
    result = measure(case([Contender("quick", "1", lambda: 7)]), rounds=2)
    assert 0 < result.timings[0].median < 0.001


@pytest.mark.parametrize(("difference", "answer"), [(0, "equal"), (1, "within 1 of 255")])
def test_pixels_within_the_bound_agree(difference: int, answer: str) -> None:
    image = np.full((2, 2, 3), 255, np.uint8)
    other = image - np.uint8(difference)
    assert agreement.within("x", [image], [other], worst=1) == answer


def test_pixels_beyond_the_bound_or_of_another_shape_do_not() -> None:
    image = np.full((2, 2, 3), 255, np.uint8)
    with pytest.raises(Disagreement, match="by up to 255 of 255"):
        agreement.within("x", [image], [image * 0], worst=1)  # 255 against 0: must not wrap round to 1
    with pytest.raises(Disagreement, match="other shapes"):
        agreement.within("x", [image], [image[:1]], worst=1)
    with pytest.raises(Disagreement, match="in the mean"):
        agreement.near("x", [image], [image * 0], mean=4)
    with pytest.raises(AssertionError, match="no image"):
        agreement.within("x", [], [], worst=1)


def report(cpu: str = "A <CPU>") -> Report:
    timing = Timing("ours", "1", [1.0, 1.0], 1.0, 1.0, 1.0, 10.0, 1.0, "")
    rival = Timing("the <rival>", "2", [3.0, 3.0], 3.0, 3.0, 3.0, 3.3, 3.0, "equal")
    about = {
        "cpu": cpu,
        "slug": machine.slug(cpu),
        "cores": 2,
        "simd_flags": ["avx2"],
        "memory_bytes": 2**30,
        "load_1m": 0.1,
        "system": "Linux",
        "python": "3.11",
        "numpy": "2",
        "turboshard": {"simd": "avx2"},
        "page_cache": "warm",
        "date": "2026-01-02",
        "commit": None,
    }
    data = {"source": "synth", "shards": 1, "bytes": 10, "images_read": 1, "image_bytes_mean": 5}
    return Report(
        about, data, [Result("decode", "one", "images", 10, 99, 1, [timing, rival], [Missing("x", "absent")])]
    )


def test_the_document_is_the_dataclasses() -> None:
    document = json.loads(report().to_json())
    assert document["schema_version"] == 1
    assert document.keys() == {field.name for field in fields(Report)}
    assert document["results"][0].keys() == {field.name for field in fields(Result)}
    assert document["results"][0]["timings"][0].keys() == {field.name for field in fields(Timing)}


def test_a_record_is_kept_by_cpu_and_date_and_never_overwritten(tmp_path: Path) -> None:
    paths = [report().record(tmp_path) for _ in range(3)]
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "a-cpu/2026-01-02.json",
        "a-cpu/2026-01-02-2.json",
        "a-cpu/2026-01-02-3.json",
    ]
    assert json.loads(paths[2].read_text())["machine"]["cpu"] == "A <CPU>"


def test_the_machine_describes_itself() -> None:
    assert machine.slug("Intel(R) Xeon(R) Processor @ 2.60GHz") == "intel-xeon-processor-2-60ghz"
    assert machine.cpu_model()
    assert machine.cores() >= 1
    assert machine.memory_bytes() > 2**28


def test_the_page_needs_nothing_else_and_escapes_names() -> None:
    text = page.render(report())
    assert "the &lt;rival&gt;" in text
    assert "<svg" in text
    for outside in ("<rival>", "http", "src=", "<script", "@import", "url("):
        assert outside not in text, outside


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (412.4, "images", "412 images/s"),
        (1.914e9, "bytes", "1.91 GB/s"),
        (3.2e6, "members", "3.20 M members/s"),
    ],
)
def test_rates_read_well(value: float, unit: str, text: str) -> None:
    assert table.rate(value, unit) == text


@pytest.mark.parametrize(
    ("slower", "text"), [(3.4, "3.40× faster"), (0.5, "2.00× slower"), (1.01, "as fast")]
)
def test_ratios_say_which_way(slower: float, text: str) -> None:
    assert table.ratio(slower) == text


def test_the_rival_script_uses_nothing_of_ours() -> None:
    script = Path(page.__file__).with_name("webdataset_script.py")
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported == {"io", "sys", "webdataset", "PIL"}


@pytest.mark.timeout(900)  # a dozen loaders start processes
def test_every_suite_runs(tmp_path: Path) -> None:
    html = tmp_path / "bench.html"
    command = [
        sys.executable,
        "-m",
        "turboshard",
        "bench",
        "--identities",
        "2",
        "--rounds",
        "1",
        "--cores",
        "all",
    ]
    done = subprocess.run([*command, "--json", "--html", html], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {result["suite"] for result in document["results"]} == {
        "decode",
        "resize",
        "verify",
        "index",
        "archive",
        "load",
        "mesh",
        "reshard",
    }
    for result in document["results"]:
        assert result["amount"] > 0
        assert len(result["timings"]) > 1, f"no rival in {result['case']}"
        assert all(timing["answer"] for timing in result["timings"][1:])
    assert html.read_text(encoding="utf-8").count("<svg") == len(document["results"])
