"""Callbacks that a config names: `train.callbacks`."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
from ml_collections import ConfigDict

from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.run.building import imported
from tfgan_zoo.run.folder import Run

_ENTRY = "train.callbacks"


def import_callbacks(names: Iterable[str]) -> dict[str, Callable[..., Any]]:
    """Returns the functions that a config names.

    Args:
        names: "package.module:function" each.

    Raises:
        InputError: If one cannot be imported, or is not a function.
    """
    functions = {name: imported(_ENTRY, name) for name in names}
    for name, function in functions.items():
        if not callable(function) or isinstance(function, keras.callbacks.Callback):
            raise InputError(
                f"{_ENTRY}: expected a function of (config, run folder), got {name!r}, which is a "
                f"{type(function).__name__}."
            )
    return functions


def make_callbacks(
    functions: dict[str, Callable[..., Any]], config: ConfigDict, run: Run
) -> list[keras.callbacks.Callback]:
    """Calls the functions of a config.

    Args:
        functions: From `import_callbacks`.
        config: Of the run.
        run: The folder.

    Raises:
        InputError: If a function fails, or returns anything but Keras callbacks.
    """
    made: list[keras.callbacks.Callback] = []
    for name, function in functions.items():
        try:
            found = function(config, run.path)
        except Exception as error:
            raise InputError(f"{_ENTRY}: {name!r} failed ({first_line(error)}).") from error
        each = list(found) if isinstance(found, (list, tuple)) else [found]
        for callback in each:
            if not isinstance(callback, keras.callbacks.Callback):
                raise InputError(
                    f"{_ENTRY}: expected {name!r} to return a Keras callback or a list of them, "
                    f"got {callback!r}."
                )
        made += each
    return made
