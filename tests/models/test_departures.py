"""Docstrings say where a model is not what its authors' code is."""

import pytest

from tfgan_zoo.models import MODELS


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_docstring_lists_departures_from_the_authors_code(name):
    before_arguments, _, _ = MODELS[name].__doc__.partition("Args:")
    stated = "Departures from the authors' code" in before_arguments
    assert stated or "The authors published no code" in before_arguments
