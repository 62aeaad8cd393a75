"""A run, from its config to its result."""

from typing import TYPE_CHECKING

from tfgan_zoo.lazy import lazy_attributes

if TYPE_CHECKING:
    from tfgan_zoo.run.experiment import Result, train
    from tfgan_zoo.run.folder import Run
    from tfgan_zoo.run.importing import import_weights
    from tfgan_zoo.run.trained import convert_run, export_run, load_run

__all__ = ["Result", "Run", "convert_run", "export_run", "import_weights", "load_run", "train"]

_MODULES = {
    "experiment": ("Result", "train"),
    "folder": ("Run",),
    "importing": ("import_weights",),
    "trained": ("convert_run", "export_run", "load_run"),
}

__getattr__, __dir__ = lazy_attributes(__name__, _MODULES)
