"""Curves of validity over minutes: from the log's rates to a line of the table and a plot."""

import numpy as np
import pytest

from benchmarks import plots, validity

LOG = [
    {"step": 10, "images_per_second": 20.0},
    {"step": 20, "images_per_second": 40.0, "validity": 0.4, "modes": 30.0, "reverse_kl": 0.5},
    {"step": 40, "images_per_second": 80.0, "validity": 0.8, "modes": 47.0, "reverse_kl": 0.1},
]


def test_minutes_are_those_that_the_rates_say():
    # 10 * 60 / 20 + 10 * 60 / 40 = 45 s, and 20 * 60 / 80 = 15 s more.
    first, last = validity.points(LOG, images=60)
    assert first == pytest.approx((0.75, 0.4, 30, 0.5))
    assert last == pytest.approx((1.0, 0.8, 47, 0.1))


def test_a_mark_is_reached_at_the_first_score_above():
    line = validity.row("game", validity.points(LOG, images=60))
    assert line == "| game | 0.800 | 47 | 0.100 | 1.0 min | 1.0 min | 1.0 min | never |"


@pytest.mark.parametrize("log", [False, True])
def test_curves_are_where_their_values_are(log):
    picture = plots.plot(
        {"a": [(50, 1.0), (100, 0.1)], "b": [(50, 0.3)]}, "score", "steps", log=log
    )
    height = len(picture)
    blue = (picture == (0x1F, 0x50, 0xC8)).all(axis=-1)
    legend = blue[20:40].nonzero()[1].max() - 35
    rows, columns = np.nonzero(blue[:, : legend + 4])
    # From the middle of the axis of steps at the top to its end: at the bottom, or a tenth above.
    assert columns.min() == pytest.approx(60 + (legend - 60) / 2, abs=4)
    assert columns.max() == pytest.approx(legend, abs=4)
    axis = height - 45 - 30
    assert rows[columns.argmin()] == pytest.approx(30, abs=4)
    assert rows[columns.argmax()] == pytest.approx(30 + (1.0 if log else 0.9) * axis, abs=4)
