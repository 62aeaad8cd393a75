import doctest
import math

import numpy as np
import pytest

from tfgan_zoo import errors
from tfgan_zoo.errors import InputError, check_num_classes, check_number


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
        (math.inf, {"above": 0, "infinite": True}),
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
        (math.inf, {"least": 0}, "x: expected a number from 0 up, got inf."),
        (-math.inf, {}, "x: expected a number, got -inf."),
        (-math.inf, {"infinite": True, "least": 0}, "x: expected a number from 0 up, got -inf."),
        (None, {"least": 0}, "x: expected a number from 0 up, got None."),
        ("1", {"above": 0}, "x: expected a number above 0, got '1'."),
    ],
)
def test_numbers_that_will_not(value, bounds, said):
    with pytest.raises(InputError) as error:
        check_number("x", value, **bounds)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("given", "number"), [(None, None), (0, None), (2, 2), (np.int64(10), 10), (np.uint8(0), None)]
)
def test_numbers_of_classes(given, number):
    found = check_num_classes(given)
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize("given", [1, -2, 2.0, "3", True, False, (3,), math.nan])
def test_what_is_no_number_of_classes(given):
    with pytest.raises(InputError) as error:
        check_num_classes(given)
    said = f"num_classes: expected a whole number from 2 up, or None, got {given!r}."
    assert str(error.value) == said
