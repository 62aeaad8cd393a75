"""What `benchmarks.time_to_quality` compares, and its arithmetic."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import time_to_quality
from benchmarks.time_to_quality import CASES, Point
from tfgan_zoo.config import list_configs
from tfgan_zoo.data import figures

CURVES = {
    "zoo": [
        [Point(1.0, {"fid": 10.0}), Point(2.0, {"fid": 0.5})],
        [Point(1.2, {"fid": 12.0}), Point(2.2, {"fid": 0.3})],
    ],
    "torch": [[Point(1.0, {"fid": 20.0}), Point(2.0, {"fid": 15.0})]],
}


def test_table():
    assert time_to_quality.table([1.0, 2.0], CURVES) == [
        "|  | score | 1 min | 2 min |",
        "|---|---|---|---|",
        "| tfgan_zoo | fid | 11.00 ± 1.41 (1.1) | 0.400 ± 0.141 (2.1) |",
        "| PyTorch's example | fid | 20.00 (1.0) | 15.00 (2.0) |",
    ]
    means = time_to_quality.means(CURVES["zoo"], "fid")
    np.testing.assert_allclose(means, [(1.1, 11.0), (2.1, 0.4)])


@pytest.mark.slow
def test_a_time_that_is_too_short_has_no_scores(tmp_path):
    finished = tmp_path / "zoo-0-15"
    finished.mkdir()
    (finished / "wall_seconds.json").write_text("900.0")
    (finished / "time_to_quality.json").write_text('{"all right": 0.5}')
    points = time_to_quality.zoo_points(CASES["cyclegan"], tmp_path, tmp_path, {}, 0, [0.01, 15.0])
    assert points == [Point(0.01, {}), Point(15.0, {"all right": 0.5})]
    curves = {"zoo": [points]}
    assert time_to_quality.table([0.01, 15.0], curves)[2] == (
        "| tfgan_zoo | all right | — | 0.500 (15.0) |"
    )
    assert time_to_quality.means(curves["zoo"], "all right") == [(15.0, 0.5)]


def test_cases_name_recipes_and_nothing_that_minutes_plans(tmp_path):
    for case in CASES.values():
        flags = dict(flag.lstrip("-").split("=", 1) for flag in case.flags(tmp_path))
        assert flags["config"] in list_configs()
        assert not [key for key in flags if key.startswith("config.train.")]


def test_every_case_has_an_example_to_compare_with():
    """`time_to_quality_torch` is read, as PyTorch is not here."""
    source = Path(time_to_quality.__file__).with_name("time_to_quality_torch.py").read_text()
    examples = re.findall(r'^    "(\w+)": \w+,$', source, re.MULTILINE)
    assert {case.peer for case in CASES.values()} == set(examples)


def test_the_best_weights_are_not_chosen_by_the_images_that_are_scored(tmp_path):
    for case in CASES.values():
        assert "--config.evaluate.best=false" in time_to_quality.zoo_flags(case, tmp_path, 0, 1.0)


def test_drawn_figures_are_right_and_others_are_not(tmp_path, monkeypatch):
    """Exact translations score 1, and the inputs do not."""
    monkeypatch.setattr(time_to_quality, "_TRANSLATED", 100)
    time_to_quality._figures.cache_clear()
    drawn = time_to_quality._figures("test")
    inputs = figures.render(drawn)
    fill = figures.attributes("unpaired", "test", 100, domain="b").fill
    drawn = dataclasses.replace(drawn, fill=fill)
    images = {"right": figures.render(drawn), "wrong": inputs}
    scores = {name: CASES["cyclegan"].scores({"images": x}, tmp_path) for name, x in images.items()}
    assert scores["right"]["all right"] > 0.99
    assert scores["wrong"]["all right"] < 0.01
    assert scores["right"]["fid[figures_v1]"] < scores["wrong"]["fid[figures_v1]"]
    time_to_quality._figures.cache_clear()


def test_texts_are_told_word_by_word():
    codes = time_to_quality._codes(["a red ring", "a ring"], ["a", "red", "ring"], 3)
    assert codes.reshape(2, 3, 3).argmax(-1)[0].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(codes.sum(-1), [3, 2])
    same = time_to_quality._codes(["a red ring"], ["a", "red", "ring"], 3)
    np.testing.assert_array_equal(codes[:1], same)
