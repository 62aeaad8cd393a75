"""A run, from its config to its result."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfgan_zoo.run.experiment import Result, train
    from tfgan_zoo.run.folder import Run
    from tfgan_zoo.run.trained import convert_run, export_run, load_run

__all__ = ["Result", "Run", "convert_run", "export_run", "load_run", "train"]

_MODULES = {
    "Result": "experiment",
    "Run": "folder",
    "convert_run": "trained",
    "export_run": "trained",
    "load_run": "trained",
    "train": "experiment",
}


def __getattr__(name: str) -> Any:
    # TensorFlow takes seconds to import.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
