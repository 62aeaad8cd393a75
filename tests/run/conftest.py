"""Fixtures that tests of runs share."""

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for the data and runs of a module."""
    return tmp_path_factory.mktemp("runs")
