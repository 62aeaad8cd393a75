import doctest
import importlib

import numpy as np
import pytest


@pytest.mark.parametrize(
    "name",
    [
        "base",
        "checkerboard",
        "codes",
        "diversity",
        "figure_attributes",
        "frechet",
        "inception_score",
        "kid",
        "mode_coverage",
        "path_length",
        "precision_recall",
        "psnr",
        "sliced_wasserstein",
        "ssim",
        "streamed",
    ],
)
def test_examples(name):
    module = importlib.import_module(f"tfgan_zoo.metrics.{name}")
    found = doctest.testmod(module, extraglobs={"np": np}, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
