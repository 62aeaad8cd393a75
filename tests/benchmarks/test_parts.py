"""Benchmarks of several parts, each with a table and with expectations."""

import importlib
import json
import re
import sys
import types
from pathlib import Path

import pytest

from benchmarks import common, scale
from benchmarks.reproduce import __main__ as reproduce

PARTS = {
    "good": lambda given: iter(["a table", f"of {given.num}"]),
    "bad": lambda given: iter(["another table", "! bad: expected 1, got 0."]),
}


def flags(parts, output=None):
    return types.SimpleNamespace(parts=parts, output=output, num=3)


def test_tables_stand_in_their_places_before_an_expectation_is_lost(tmp_path):
    file = tmp_path / "results.md"
    places = [f"<!-- x-{part}:begin -->\nNot measured.\n<!-- x-{part}:end -->\n" for part in PARTS]
    file.write_text("".join(places))
    with pytest.raises(SystemExit, match=r"^bad: expected 1, got 0\.$"):
        common.write_parts(PARTS, flags(["bad", "good"], str(file)), "x")
    assert common.shown(str(file), "x-good") == "a table\nof 3"
    assert common.shown(str(file), "x-bad") == "another table"


def test_what_is_wrong_is_said_before_anything_runs(tmp_path):
    parts = {"good": lambda given: pytest.fail("it ran")}
    for chosen in ([], ["good", "other"]):
        with pytest.raises(SystemExit, match="--parts: expected some of good"):
            common.write_parts(parts, flags(chosen), "x")
    file = tmp_path / "results.md"
    file.write_text("no place")
    with pytest.raises(SystemExit, match="--output: expected a file with lines"):
        common.write_parts(parts, flags(["good"], str(file)), "x")
    common.write_parts(PARTS, flags(["good"]), "x")


def test_the_time_of_a_run_that_was_trained_elsewhere_is_that_of_its_log(tmp_path):
    (tmp_path / "config.json").write_text('{"config": {"data": {"batch_size": 30}}}')
    lines = [{"step": 100, "images_per_second": 100}, {"step": 120, "images_per_second": 20}]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    common.clocked(["true"], tmp_path)  # It has nothing left to do, which takes no time.
    assert common.minutes(tmp_path) == pytest.approx((30 + 30) / 60)


@pytest.mark.parametrize("name", ["scale", "health", "input", "soak"])
@pytest.mark.parametrize("page", ["missing.md", "other.md"])
def test_a_file_without_a_place_is_refused_before_anything_is_measured(
    tmp_path, monkeypatch, name, page
):
    (tmp_path / "other.md").write_text("no place")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, f"--output={page}"])
    with pytest.raises(SystemExit, match=f"--output: expected a file with lines .*, got {page}"):
        importlib.import_module(f"benchmarks.{name}").main()
    assert [path.name for path in tmp_path.iterdir()] == ["other.md"]


def test_every_benchmark_with_a_table_looks_for_its_place_first():
    """So that hours are not measured for a file that cannot take the table."""
    folder = Path(common.__file__).parent
    sources = {path: path.read_text() for path in folder.rglob("*.py") if path.name != "common.py"}
    shown = {path for path, text in sources.items() if re.search(r"\bshow\(", text)}
    assert len(shown) > 15
    assert [path.name for path in shown if "check_places(" not in sources[path]] == []


def test_a_reproduced_table_needs_a_place_before_its_trials(tmp_path):
    given = ["theory", f"--workdir={tmp_path / 'work'}", f"--output={tmp_path / 'none.md'}"]
    with pytest.raises(SystemExit, match="--output: expected a file with lines"):
        reproduce.main(given)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("flag", ["--files=", "--files=1,x", "--gigabytes=0", "--samples=-1"])
def test_sizes_are_numbers_that_can_be_measured(monkeypatch, capsys, flag):
    monkeypatch.setattr(sys, "argv", ["scale", flag])
    with pytest.raises(SystemExit):
        scale.main()
    assert f"argument {flag.partition('=')[0]}: expected numbers from " in capsys.readouterr().err


def test_a_python_without_pytorch_is_refused(tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    for python in (str(broken), str(tmp_path / "none")):
        with pytest.raises(SystemExit, match="--torch_python: expected a Python with PyTorch"):
            common.check_torch(python)
    common.check_torch(None)
