"""The flags and parts of images of `benchmarks.super_resolution`."""

import numpy as np
import pytest

from benchmarks import common, super_resolution


def test_places_on_the_sheet():
    assert super_resolution.parse_place("Set14:8") == ("Set14", 7, None)
    assert super_resolution.parse_place("Set14:9:200:220") == ("Set14", 8, (200, 220))
    for text in ("Set14", "Set14:0", "Set14:1:2", "Set14:one"):
        with pytest.raises(SystemExit, match="--also: expected SET:NUMBER"):
            super_resolution.parse_place(text)


def test_names_and_values_of_a_flag():
    found = common.named_values(["a=runs/a", "b=folder:b=c"], "--runs")
    assert found == {"a": "runs/a", "b": "folder:b=c"}
    for entries in (["a"], ["=b"], ["a=1", "a=2"]):
        with pytest.raises(SystemExit, match="--runs: expected NAME=VALUE"):
            common.named_values(entries, "--runs")


def test_parts_of_images():
    image = np.arange(30).reshape(5, 6, 1)
    middle = super_resolution.part(image, 2)
    assert middle.shape == (2, 2, 3)
    assert middle[..., 0].tolist() == [[8, 9], [14, 15]]
    assert super_resolution.part(image, 2, (3, 0))[..., 0].tolist() == [[18, 19], [24, 25]]
