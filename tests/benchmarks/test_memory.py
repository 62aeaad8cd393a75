"""What `benchmarks.memory` measures, refuses and extrapolates."""

import functools
import sys

import pytest

from benchmarks import common, memory
from benchmarks.memory import Line, Measured
from tests.models.tiny import tiny
from tfgan_zoo.errors import InputError

GIB = 1 << 30
LINE = Line(GIB, 1000, GIB / 1000, GIB / 10_000)


def test_the_line_passes_through_what_follows_it():
    sizes = [(64, 64), (64, 128), (128, 128)]
    found = {size: Measured(GIB, round(LINE.at(size)), 1000, 1.0) for size in sizes}
    line = memory.fit_line(found)
    assert line == pytest.approx(LINE)
    assert line.at((100, 200)) == pytest.approx(4 * GIB)
    assert memory.fit_line({(64, 128): found[64, 128], (128, 64): found[64, 128]}) is None
    assert memory.fit_line({}) is None


def test_rows_and_the_sentence_below():
    kept, again = Measured(GIB, 8 * GIB, 1000, 2.0), Measured(GIB, 4 * GIB, 1000, 3.0)
    row = memory.row((100, 600), [kept, again], [LINE, None])
    assert row == "| 100x600 | 8.00 | 8.00 | 2.00 | 4.00 | — | 3.00 | 50% |"
    row = memory.row((100, 600), [kept, None], [LINE, None])
    assert row == "| 100x600 | 8.00 | 8.00 | 2.00 | — | — | — | — |"
    cells = memory._HEADER.splitlines()
    assert {line.count("|") for line in cells} == {row.count("|")}
    sentence = memory.formula([LINE, None], (100, 800))
    assert sentence.endswith("Extrapolated, not measured: 100x800 takes 10.0 GiB features kept.")
    assert "rematerialised" not in sentence
    assert memory.formula([None, None], (64, 64)).startswith("No line was fitted")


def test_what_needs_too_much_is_not_started():
    assert memory.refusal((100, 600), LINE, 9 * GIB, 20 * GIB) == ""
    assert "predict 8.0 GiB, above the limit" in memory.refusal((100, 600), LINE, 7 * GIB, 20 * GIB)
    assert "the machine has 8.5 GiB left" in memory.refusal((100, 600), LINE, 9 * GIB, 8.5 * GIB)
    assert memory.refusal((100, 600), None, 1, 20 * GIB) == ""


def test_what_takes_too_much_is_stopped(monkeypatch):
    wait = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(InputError, match=r"stopped at 0\.\d GiB, above the limit"):
        memory.run(wait, 1000)
    monkeypatch.setattr(memory, "available", lambda: GIB // 2)
    with pytest.raises(InputError, match=r"as the machine had 0\.5 GiB left"):
        memory.run(wait, GIB)


def test_processes_report_what_they_took_or_why_not():
    found = Measured(1, 2, 3, 0.5)
    said = f"print('noise'); print({list(found)})"
    assert memory.run([sys.executable, "-c", said], GIB) == found
    with pytest.raises(InputError, match="failed with status 1: out of memory"):
        memory.run([sys.executable, "-c", "raise SystemExit('out of memory')"], GIB)


def test_a_refused_size_leaves_the_others_in_the_table(tmp_path, monkeypatch):
    def run(command, limit):
        if "--measure=96x96" in command:
            raise InputError("stopped at 1.0 GiB, above the limit")
        return Measured(0, 64 * 64, 100, 1.0)

    monkeypatch.setattr(memory, "run", run)
    page = tmp_path / "page.md"
    page.write_text("<!-- memory:begin -->\nNot measured.\n<!-- memory:end -->\n")
    memory.main(["--sizes=96x96,64x64", "--limit=1", f"--output={page}"])
    table = common.shown(page, "memory")
    assert [line.split("|")[1].strip() for line in table.splitlines() if "|" in line][2:] == [
        "64x64",
        "96x96",
    ]
    assert "96x96 rematerialised: stopped at 1.0 GiB, above the limit." in table
    for flag in ("--sizes=64", "--sizes=64x60", "--extrapolate=axb", "--measure=0x64"):
        with pytest.raises(SystemExit, match=r"expected height x width in multiples of 32"):
            memory.main([flag])


def test_a_step_is_measured(monkeypatch):
    model = tiny("pix2pix_hd")
    monkeypatch.setattr(model, "compile", functools.partial(model.compile, run_eagerly=True))
    monkeypatch.setattr(memory, "build", lambda size, filters: model)
    found = memory.measure((16, 16), 2, True, 1)
    assert 0 < found.base <= found.peak
    assert found.seconds > 0
    trained = [*model.generator.weights, *model.discriminator.weights]
    assert found.weights >= sum(weight.numpy().size for weight in trained)
