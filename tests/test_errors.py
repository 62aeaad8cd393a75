import doctest
import math

import numpy as np
import pytest

from tfgan_zoo import errors
from tfgan_zoo.errors import InputError, check_number


def test_examples():
    result = doctest.testmod(errors)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (0, {"least": 0}),
        (np.float32(0.5), {"above": 0, "below": 1}),
        (np.int64(3), {"least": 1, "whole": True}),
        (math.inf, {"above": 0}),
    ],
)
def test_numbers_that_will_do(value, bounds):
    check_number("x", value, **bounds)


@pytest.mark.parametrize(
    ("value", "bounds", "said"),
    [
        (0, {"above": 0}, "x: expected a number above 0, got 0."),
        (1.0, {"least": 0, "below": 1}, "x: expected a number from 0 to below 1, got 1.0."),
        (2.0, {"least": 1, "whole": True}, "x: expected a whole number from 1 up, got 2.0."),
        (True, {"least": 1, "whole": True}, "x: expected a whole number from 1 up, got True."),
        (math.nan, {"least": 0}, "x: expected a number from 0 up, got nan."),
        (None, {"least": 0}, "x: expected a number from 0 up, got None."),
        ("1", {"above": 0}, "x: expected a number above 0, got '1'."),
    ],
)
def test_numbers_that_will_not(value, bounds, said):
    with pytest.raises(InputError) as error:
        check_number("x", value, **bounds)
    assert str(error.value) == said
