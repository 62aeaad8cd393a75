"""Names of modules and packages that are imported on first use."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def imported(reference: str) -> Any:
    """Returns what "package.module:name" names; imports the module."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def names_from(module: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Returns a module's `__getattr__` for names that are defined in other modules.

    The other modules are imported when one of their names is first used.

    Args:
        module: The module's name.
        homes: For each other module, the names that it defines.
    """
    home = {name: other for other, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(importlib.import_module(home[name]), name)

    return find


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
    find = names_from(package, {f"{package}.{m}": names for m, names in modules.items()})

    def getattr_(name: str) -> Any:
        if any(name in names for names in modules.values()):
            importlib.import_module("tfgan_zoo.backend")  # refuses other backends of Keras
        return find(name)

    def dir_() -> list[str]:
        found = importlib.import_module(package)
        return sorted({*vars(found), *found.__all__})

    return getattr_, dir_
