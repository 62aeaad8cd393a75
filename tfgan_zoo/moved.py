"""Modules under earlier names.

`import tfgan_zoo.experiment` and `from tfgan_zoo.runs import Run` import the modules that replace
them.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

#: Where each module is now.
MOVED = {
    "tfgan_zoo.building": "tfgan_zoo.run.building",
    "tfgan_zoo.distribution": "tfgan_zoo.run.devices",
    "tfgan_zoo.drawing": "tfgan_zoo.tasks.drawing",
    "tfgan_zoo.experiment": "tfgan_zoo.run.experiment",
    "tfgan_zoo.files": "tfgan_zoo.pictures.files",
    "tfgan_zoo.functional": "tfgan_zoo.models.mechanics.functional",
    "tfgan_zoo.loading": "tfgan_zoo.run.loading",
    "tfgan_zoo.optimizers": "tfgan_zoo.models.mechanics.optimizers",
    "tfgan_zoo.rematerialization": "tfgan_zoo.models.mechanics.rematerialization",
    "tfgan_zoo.runs": "tfgan_zoo.run.folder",
    "tfgan_zoo.tiling": "tfgan_zoo.pictures.tiling",
    "tfgan_zoo.evaluation.runs": "tfgan_zoo.run.evaluation",
    "tfgan_zoo.workloads": "tfgan_zoo.tasks",
    "tfgan_zoo.workloads.base": "tfgan_zoo.tasks.base",
    "tfgan_zoo.workloads.distributions": "tfgan_zoo.tasks.distribution_scores",
    "tfgan_zoo.data.archives": "tfgan_zoo.data.readers.archives",
    "tfgan_zoo.data.figures_tfds": "tfgan_zoo.data.figures.tfds",
    "tfgan_zoo.data.names": "tfgan_zoo.suggestions",
    "tfgan_zoo.data.sources": "tfgan_zoo.data.source",
    "tfgan_zoo.data.tasks": "tfgan_zoo.data.pipeline",
    "tfgan_zoo.data.tfds_source": "tfgan_zoo.data.readers.tfds",
    "tfgan_zoo.data.translation": "tfgan_zoo.data.pairs",
    "tfgan_zoo.callbacks.evaluation": "tfgan_zoo.callbacks.scores",
    "tfgan_zoo.metrics.features.torch_file": "tfgan_zoo.weight_files.torch_file",
    "tfgan_zoo.metrics.swd": "tfgan_zoo.metrics.streamed",
    "tfgan_zoo.layers.replicas": "tfgan_zoo.layers.per_replica",
    "tfgan_zoo.networks.torch_file": "tfgan_zoo.weight_files.torch_file",
    "tfgan_zoo.models.arguments": "tfgan_zoo.models.mechanics.arguments",
    "tfgan_zoo.models.averages": "tfgan_zoo.models.mechanics.average",
    "tfgan_zoo.models.batches": "tfgan_zoo.models.mechanics.batches",
    "tfgan_zoo.models.keywords": "tfgan_zoo.models.mechanics.keywords",
    "tfgan_zoo.models.network_checks": "tfgan_zoo.models.mechanics.network_checks",
    "tfgan_zoo.models.output_ranges": "tfgan_zoo.models.mechanics.output_ranges",
    "tfgan_zoo.models.role_optimizers": "tfgan_zoo.models.mechanics.role_optimizers",
    "tfgan_zoo.reporting.sheets": "tfgan_zoo.reporting.album",
    "tfgan_zoo.serving.asking": "tfgan_zoo.serving.requests",
}


class _Moved(MetaPathFinder, Loader):
    """Imports the module that replaces a moved one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has set the spec of the earlier name.
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def find_moved_modules() -> None:
    """Makes moved modules importable under their earlier names."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        # First, because an emptied folder of an earlier checkout would be found too.
        sys.meta_path.insert(0, _Moved())
