"""Takes over weights of another model, by the names and shapes of layers."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers.text import KnownWords
from tfgan_zoo.models.mechanics.arguments import constructor_arguments


class Transfer(NamedTuple):
    """What a network takes over.

    Attributes:
        taken: The paths of the arrays that are taken over.
        words: Notes about arrays of which the rows of known words are taken over.
        differ: The paths of the arrays with another shape there: (here, there); there is None if
            the array does not exist there.
        fits: Whether a kernel is among the arrays, not only biases and the like.
    """

    taken: list[str]
    words: list[str]
    differ: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None]]
    fits: bool


def networks_of(model: Any) -> dict[str, keras.Model]:
    """Returns a model's networks, by the constructor's arguments."""
    found = {name: getattr(model, name, None) for name in constructor_arguments(type(model))}
    return {name: each for name, each in found.items() if isinstance(each, keras.Model)}


def take_over(network: keras.Model, other: keras.Model, values: keras.Model) -> Transfer:
    """Assigns a network the arrays of another one that have the same name and shape.

    Names that Keras has numbered, such as "conv2d_7", are compared by their order. Whole numbers,
    such as counters, are left as they are.

    Args:
        network: Takes over.
        other: Whose names count.
        values: Whose arrays are taken: `other`, or its moving average.
    """
    theirs = dict(zip(_names(other), zip(other.weights, values.weights, strict=True), strict=True))
    rows = _rows_of_words(network, other)
    taken, words, differ, fits = [], [], {}, False
    for name, mine in zip(_names(network), network.weights, strict=True):
        if "float" not in mine.dtype:
            continue
        known, source = theirs.get(name, (None, None))
        if source is not None and rows is not None and _is_of_words(network, other, mine, known):
            to, of = rows
            merged = np.array(mine)
            merged[to] = np.array(source)[of]
            mine.assign(merged)
            words.append(f"{mine.path}: {len(to) - 1} of {len(merged) - 1} words")
            fits = fits or len(to) > 1
        elif source is not None and source.shape == mine.shape:
            mine.assign(np.array(source))
            taken.append(mine.path)
            fits = fits or len(mine.shape) > 1
        else:
            differ[mine.path] = (
                tuple(mine.shape),
                None if source is None else tuple(source.shape),
            )
    return Transfer(taken, words, differ, fits)


def _names(network: keras.Model) -> list[str]:
    """Returns a name for each array that does not depend on how many layers Keras has numbered."""
    automatic = {_automatic_name(type(layer)) for layer in layers_of(network)}
    numbers: dict[tuple[str, str], dict[str, int]] = {}
    names: list[str] = []
    seen: dict[str, int] = {}
    for weight in network.weights:
        parts, path = weight.path.split("/"), ""
        if parts[0] == network.name and len(parts) > 2:
            parts = parts[1:]
        for part in parts:
            base = re.sub(r"_\d+$", "", part)
            if base in automatic:
                numbered = numbers.setdefault((path, base), {})
                part = f"{base}#{numbered.setdefault(part, len(numbered))}"
            path = f"{path}/{part}"
        seen[path] = seen.get(path, 0) + 1
        names.append(path if seen[path] == 1 else f"{path}#{seen[path]}")
    return names


def _automatic_name(cls: type) -> str:
    """Returns the name that Keras gives the first layer of a class."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", cls.__name__))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


# ---------------------------------------------------------------------- words


def _vocabulary(network: keras.Model) -> tuple[str, ...] | None:
    found = [each.vocabulary for each in layers_of(network) if isinstance(each, KnownWords)]
    return found[0] if len(found) == 1 else None


def _rows_of_words(network: keras.Model, other: keras.Model) -> tuple[list[int], list[int]] | None:
    """Returns the rows of the words that two networks share; None if their words are the same."""
    mine, theirs = _vocabulary(network), _vocabulary(other)
    if mine is None or theirs is None or mine == theirs:
        return None
    known: Mapping[str, int] = {word: row for row, word in enumerate(theirs, 1)}
    shared = [(row, known[word]) for row, word in enumerate(mine, 1) if word in known]
    # Row 0 stands for no word.
    return [0, *(row for row, _ in shared)], [0, *(row for _, row in shared)]


def _is_of_words(network: keras.Model, other: keras.Model, mine: Any, theirs: Any) -> bool:
    """Returns whether two arrays have a row for each word of their networks."""
    here, there = _vocabulary(network) or (), _vocabulary(other) or ()
    return (
        mine.path.endswith("embeddings")
        and (mine.shape[0], theirs.shape[0]) == (len(here) + 1, len(there) + 1)
        and mine.shape[1:] == theirs.shape[1:]
    )
