"""Packages whose names are imported on first use."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def lazy_attributes(
    package: str, modules: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Returns the `__getattr__` and `__dir__` of a package with lazy names.

    TensorFlow takes seconds to import. A package that offers names with and without it imports the
    former on first use.

    Args:
        package: Name of the package, with `__all__`.
        modules: The names that each module of the package defines.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def getattr_(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        importlib.import_module("tfgan_zoo.backend")  # refuses other backends of Keras
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    def dir_() -> list[str]:
        found = importlib.import_module(package)
        return sorted({*vars(found), *found.__all__})

    return getattr_, dir_
