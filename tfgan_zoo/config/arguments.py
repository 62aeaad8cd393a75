"""Arguments of networks, optimizers and models that a recipe does not list, as a flag sets them."""

import ast
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

#: Returns the arguments that a group of a config can have, by name.
Lookup = Callable[[ConfigDict, str], Mapping[str, inspect.Parameter]]


class Overrides(dict[str, str]):
    """Overrides of a command line, which may also set what a recipe does not list.

    Args:
        overrides: Text by dotted key.
        lookup: Returns the arguments that a group can have. It may import TensorFlow, and is
            called only if a key is not an entry of the config.
    """

    def __init__(self, overrides: Mapping[str, str], lookup: Lookup):
        super().__init__(overrides)
        self.lookup = lookup


class Accepted(NamedTuple):
    """The values that an argument accepts.

    Attributes:
        kinds: Types, of `bool`, `int`, `float`, `str` and `tuple`; empty if nothing is known.
        optional: Whether None is one.
        example: A tuple of the type that is accepted; empty for any.
    """

    kinds: tuple[type, ...]
    optional: bool
    example: tuple = ()


def accepted(parameter: inspect.Parameter) -> Accepted:
    """Returns the values that an argument accepts, by its annotation or its default.

    Example:
        >>> def network(width: int | None = 4, units=(8, 8)): ...
        >>> [accepted(each) for each in inspect.signature(network).parameters.values()]
        [Accepted(kinds=(<class 'int'>,), optional=True, example=()),
         Accepted(kinds=(<class 'tuple'>,), optional=False, example=(8, 8))]
    """
    default = None if parameter.default is parameter.empty else parameter.default
    hint = parameter.annotation
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    hints = typing.get_args(hint) if union else (hint,)
    kinds, example = [], tuple(default) if isinstance(default, (list, tuple)) else ()
    for each in hints:
        origin = typing.get_origin(each) or each
        if inspect.isclass(origin) and not issubclass(origin, str) and _is_sequence(origin):
            kinds.append(tuple)
            element = next(iter(typing.get_args(each)), None)
            if not example and element in (bool, int, float, str):
                example = (element(),)
        elif origin in (bool, int, float, str):
            kinds.append(origin)
    if not kinds and default is not None:
        kind = tuple if isinstance(default, list) else type(default)
        kinds = [kind] * (kind in (bool, int, float, str, tuple))
    kinds.sort(key=_ORDER.index)
    return Accepted(tuple(kinds), type(None) in hints or default is None, example)


#: A text is read as the first of these that it can be, where an argument accepts several.
_ORDER = (bool, int, float, tuple, str)


def _is_sequence(kind: type) -> bool:
    return issubclass(kind, (list, tuple)) or kind.__module__ == "collections.abc"


def literal(text: str) -> Any:
    """Returns the value that text is in Python; the text if it is none.

    Example:
        >>> literal("[1, 2]"), literal("he_normal")
        ((1, 2), 'he_normal')
    """
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False}.get(text.lower(), text)
    return tuple(value) if isinstance(value, list) else value
