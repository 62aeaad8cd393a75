"""Names by which Keras finds classes: those of the library are its own."""

import sys
from typing import Any

import keras

from tfgan_zoo.errors import InputError

#: The package under which the library registers its classes.
PACKAGE = "tfgan_zoo"


def is_own(cls: Any) -> bool:
    """Returns whether a class or function is one of the library."""
    return getattr(cls, "__module__", None) is not None and f"{cls.__module__}.".startswith(
        f"{PACKAGE}."
    )


def check_name(cls: Any, name: str | None = None) -> None:
    """Checks that a class of another package does not replace one of the library in Keras.

    Files that hold the library's model would be loaded as the other one.

    Args:
        cls: The class.
        name: The name by which Keras finds it; None to look it up.

    Raises:
        InputError: If it is registered by the name of a class of the library.
    """
    name = keras.saving.get_registered_name(cls) if name is None else name
    package, _, bare = name.rpartition(">")
    if package != PACKAGE or is_own(cls) or not _has(bare):
        return
    raise InputError(
        f"{cls.__module__}.{cls.__qualname__}: expected a Keras name of its own, got {name!r}, "
        f"which is that of {PACKAGE}'s {bare}; decorate it with "
        '@keras.saving.register_keras_serializable("my_package").'
    )


def check_names() -> None:
    """Checks that Keras finds each class of the library by its name.

    Raises:
        InputError: If a class of another package has taken one; see `check_name`.
    """
    for name, cls in list(keras.saving.get_custom_objects().items()):
        if name.startswith(f"{PACKAGE}>"):
            check_name(cls, name)


def _has(name: str) -> bool:
    """Returns whether an imported module of the library has something of its own by this name."""
    modules = [m for key, m in list(sys.modules.items()) if f"{key}.".startswith(f"{PACKAGE}.")]
    return any(is_own(vars(module).get(name)) for module in modules)
