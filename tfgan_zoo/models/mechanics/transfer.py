"""Takes over weights of another model, by the names and shapes of layers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers import SpectralNormalization
from tfgan_zoo.layers.text import KnownWords
from tfgan_zoo.models.mechanics.arguments import constructor_arguments


class Transfer(NamedTuple):
    """What a network takes over.

    Attributes:
        taken: The paths of the arrays that are taken over.
        words: Notes about arrays of which the parts of known words or classes are taken over.
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


#: Steps of the power iteration for a kernel that is not that of its vectors.
_POWER_STEPS = 15


def take_over(
    network: keras.Model,
    other: keras.Model,
    values: keras.Model,
    classes: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Transfer:
    """Assigns a network the arrays of another one that have the same name and shape.

    Names that Keras has numbered, such as "conv2d_7", are compared by their order. Whole numbers,
    such as counters, are left as they are.

    Args:
        network: Takes over.
        other: Whose names count.
        values: Whose arrays are taken: `other`, or its moving average.
        classes: The names of the classes of both networks, by number, where they differ. What the
            networks know of a class is then taken over by its name.
    """
    theirs = dict(zip(_names(other), zip(other.weights, values.weights, strict=True), strict=True))
    rows = _rows_of_words(network, other)
    by_class = {} if classes is None else _places_of_classes(network, other, *classes)
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
        elif source is not None and _merges(by_class.get(id(mine)), mine, source):
            axis, places, shared = by_class[id(mine)]
            merged = np.moveaxis(np.array(mine), axis, 0)
            for here, there in places:
                merged[here] = np.moveaxis(np.array(source), axis, 0)[there]
            mine.assign(np.moveaxis(merged, 0, axis))
            words.append(f"{mine.path}: {shared}")
            fits = fits or bool(places)
        elif source is not None and source.shape == mine.shape:
            mine.assign(np.array(source))
            taken.append(mine.path)
            fits = fits or len(mine.shape) > 1
        else:
            differ[mine.path] = (
                tuple(mine.shape),
                None if source is None else tuple(source.shape),
            )
    for layer in layers_of(network):
        if isinstance(layer, SpectralNormalization) and layer.kernel.path not in taken:
            for _ in range(_POWER_STEPS):
                layer.advance()
    return Transfer(taken, words, differ, fits)


#: What a layer does with the same weights.
_SETTINGS = ("padding", "strides", "dilation_rate", "groups", "activation", "scale", "epsilon")


def other_settings(network: keras.Model, other: keras.Model) -> list[str]:
    """Returns what layers of the same name and class do otherwise, with the same weights.

    Args:
        network: Takes over.
        other: Whose arrays are taken.

    Returns:
        Notes such as "conv_last: activation='linear', there 'tanh'".
    """
    theirs = {layer.name: layer for layer in layers_of(other)}
    notes = []
    for layer in layers_of(network):
        there = theirs.get(layer.name)
        numbered = re.sub(r"_\d+$", "", layer.name) == _automatic_name(type(layer))
        if there is None or numbered or type(layer) is not type(there):
            continue
        settings, others = layer.get_config(), there.get_config()
        notes += [
            f"{layer.name}: {key}={settings[key]!r}, there {others[key]!r}"
            for key in _SETTINGS
            if key in settings and settings[key] != others.get(key)
        ]
    return notes


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


# ---------------------------------------------------------------------- classes


def other_classes(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Returns whether classes of the same number are known to be different ones.

    Names that are only the numbers from 0 tell nothing.
    """
    numbered = any(list(names) == [str(i) for i in range(len(names))] for names in (mine, theirs))
    is_known = bool(mine and theirs) and (not numbered or bool(set(mine) & set(theirs)))
    return is_known and tuple(mine) != tuple(theirs)


def _places_of_classes(
    network: keras.Model, other: keras.Model, mine: Sequence[str], theirs: Sequence[str]
) -> dict[int, tuple[int, list[tuple[int, int]], str]]:
    """Returns where the arrays of a network have something of each class.

    That is a row of a table, or a column of a layer that names classes, whose first is of none
    unless there are as many as classes.

    Returns:
        For the identity of each such array the axis, pairs of places there, (here, in `other`), and
        how many classes the networks share, in words.
    """
    shared = [(i, list(theirs).index(name)) for i, name in enumerate(mine) if name in theirs]
    said = f"{len(shared)} of {len(mine)} classes, by name"
    found: dict[int, tuple[int, list[tuple[int, int]], str]] = {}
    for layer in layers_of(network):
        if isinstance(layer, keras.layers.Embedding) and layer.input_dim == len(mine):
            found[id(layer.embeddings)] = (0, shared, said)
    if (network.output_shape[1:], other.output_shape[1:]) == ((len(mine),), (len(theirs),)):
        if len(network.inputs) == 1:  # It names the class of an image.
            found |= {id(weight): (-1, shared, said) for weight in network.layers[-1].weights}
        return found
    here, there = network.output_shape[-1] - 1, other.output_shape[-1] - 1
    packing = here // len(mine)
    names_classes = packing and (here, there) == (packing * len(mine), packing * len(theirs))
    if names_classes and len(network.inputs) == 1:
        places = [(0, 0)] + [
            (1 + i * len(mine) + to, 1 + i * len(theirs) + of)
            for i in range(packing)
            for to, of in shared
        ]
        found |= {id(weight): (-1, places, said) for weight in network.layers[-1].weights}
    return found


def _merges(places: Any, mine: Any, theirs: Any) -> bool:
    """Returns whether arrays differ at most in the number of classes along an axis."""
    if places is None:
        return False
    here, there = list(mine.shape), list(theirs.shape)
    return (
        len(here) == len(there)
        and here.pop(places[0]) > 0 < there.pop(places[0])
        and (here == there)
    )
