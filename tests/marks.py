"""Which cases of a test run by default, and which only with `pytest -m slow`."""

import pytest


def slow(*values, **kwargs):
    """Returns a case of `parametrize` that is slow."""
    return pytest.param(*values, marks=pytest.mark.slow, **kwargs)


def slow_except(quick, values):
    """Returns values for `parametrize`, all slow except those in `quick`."""
    return [value if value in quick else slow(value) for value in values]
