"""The named parts of a training batch, as a model declares them.

A model declares them once, in `batch_spec`: name -> `tf.TensorSpec`, the batch axis None. The
dtype says what a part holds:

- uint8: pixels. Floats in [-1, 1] are accepted too, and are what a train step gets.
- float32: points or embeddings, of any range.
- integers: labels.
- string: texts.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_seed, check_texts, warn_user
from tfgan_zoo.models.mechanics.arguments import check_range, stack_images
from tfgan_zoo.pixels import to_unit_range
from tfgan_zoo.progress import counted

Shape = tuple[int | None, ...]
Spec = Mapping[str, tf.TensorSpec]


def unpacked(data: Any) -> Any:
    """Returns the parts of a batch, a dict or a list, however Keras packs what it is given.

    `fit((a, b))` gives a step `((a, b),)`, and `train_on_batch(a, b)` gives it `(a, b, None)`.

    Example:
        >>> unpacked((("a", "b"),)), unpacked(("a", "b", None)), unpacked(({"a": 1}, None, None))
        (['a', 'b'], ['a', 'b'], {'a': 1})
    """
    if not isinstance(data, (list, tuple)):
        return data if isinstance(data, Mapping) else [data]
    parts = list(data)
    while parts and parts[-1] is None:
        parts.pop()
    nested = len(parts) == 1 and isinstance(parts[0], (list, tuple, Mapping))
    return unpacked(parts[0]) if nested else parts


def named_parts(data: Any, names: Collection[str]) -> dict[str, Any]:
    """Returns those parts of a batch, or of its `element_spec`, that have one of these names.

    Example:
        >>> named_parts({"b": 2, "c": 3}, ("a", "b")), named_parts((1, 2, 3), ("a", "b"))
        ({'b': 2}, {'a': 1, 'b': 2})
    """
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return {name: parts[name] for name in names if name in parts}
    return dict(zip(names, parts, strict=False))


def parts_of(data: Any, spec: Spec, optional: Collection[str] = ()) -> dict[str, Any]:
    """Returns the parts that a model declares, as they are in a batch.

    Other keys of a dict are ignored. A tuple has the declared parts in order and nothing else,
    except that a model of a single part ignores what follows, such as labels.

    Args:
        data: A batch: a dict, a tuple, or a bare array for the first part.
        spec: The declared parts.
        optional: Names of parts that a batch can lack.

    Raises:
        InputError: If a part is missing, or a tuple has too many.

    Example:
        >>> spec = {"image": tf.TensorSpec([None, 8, 8, 3], tf.uint8)}
        >>> parts_of(("images", "labels"), spec)
        {'image': 'images'}
    """
    found = named_parts(data, spec)
    parts = unpacked(data)
    surplus = len(spec) > 1 and not isinstance(parts, Mapping) and len(parts) > len(spec)
    required = [name for name in spec if name not in optional]
    if surplus or any(name not in found for name in required):
        raise InputError(
            f"Training batches: expected {_described(spec, required)}, got {describe_batch(data)}."
        )
    return found


def _described(spec: Spec, required: Sequence[str]) -> str:
    if len(spec) == 1:
        (name,) = spec
        return f"{name}s, ({name}s, ...) or a dict with the key {name}"
    tuples = [f"({', '.join(required)})"]
    keys = f"{', '.join(required[:-1])} and {required[-1]}" if required[1:] else required[0]
    if optional := [name for name in spec if name not in required]:
        tuples.append(f"({', '.join(spec)})")
        keys = f"{', '.join(required)} and, if known, {', '.join(optional)}"
    return f"{' or '.join(tuples)}, or a dict with the keys {keys}"


def describe_batch(data: Any) -> str:
    """Says what a batch consists of, for a message about what it lacks."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return f"a dict with the keys {', '.join(map(str, parts))}"
    return counted(len(parts), "part")


# ---------------------------------------------------------------------- parts as declared


def as_declared(value: Any, spec: tf.TensorSpec, name: str) -> tf.Tensor:
    """Returns a part of a batch as a train step gets it.

    Args:
        value: The part: an array, a tensor, or a list with an entry for each sample.
        spec: What the model declares.
        name: What to call the part in a message.

    Returns:
        Floats in [-1, 1] for pixels, otherwise a tensor of the declared dtype.

    Raises:
        InputError: If the part has another shape or type.
    """
    shape = tuple(spec.shape[1:])
    if spec.dtype == tf.string:
        texts = as_texts(value, name)
        if texts.dtype != tf.string:
            raise InputError(f"{name}: expected strings, got type {texts.dtype.name}.")
        return with_shape(texts, shape, name)
    if spec.dtype == tf.uint8 or spec.dtype.is_floating:
        return as_images(value, shape, name)
    numbers = with_shape(tf.convert_to_tensor(stack_images(value, name)), shape, name)
    if not numbers.dtype.is_integer:
        raise InputError(f"{name}: expected whole numbers, got type {numbers.dtype.name}.")
    return tf.cast(numbers, spec.dtype)


def as_images(images: Any, shape: Shape, name: str) -> tf.Tensor:
    """Returns a batch of images, or of points, as floats: pixels in [-1, 1].

    Args:
        images: uint8 in 0..255, or floats in [-1, 1].
        shape: Shape of one of them; None for any size.
        name: What to call them in a message.

    Raises:
        InputError: If they have another shape or type.
    """
    images = with_shape(tf.convert_to_tensor(stack_images(images, name)), shape, name)
    if images.dtype == tf.uint8:
        return to_unit_range(images)
    if not images.dtype.is_floating:
        advice = "; if they are 0..255, use x.astype('uint8')" * images.dtype.is_integer
        raise InputError(
            f"{name}: expected uint8, or floats in [-1, 1], got type {images.dtype.name}{advice}."
        )
    return tf.cast(images, tf.float32)


def as_texts(texts: Any, name: str) -> tf.Tensor:
    """Returns a batch's strings as a tensor `[B]`; anything else, such as embeddings, as it is.

    Raises:
        InputError: If some entries are strings and others are not.
    """
    plain = isinstance(texts, (str, bytes, list, tuple))
    if plain or (isinstance(texts, np.ndarray) and texts.dtype.kind in "OUS"):
        flat = [texts] if isinstance(texts, (str, bytes)) else list(texts)
        # Of embeddings, no row is a string.
        if any(isinstance(each, (str, bytes)) or each is None for each in flat):
            texts = check_texts(name, texts)
    texts = tf.convert_to_tensor(texts)
    return texts[tf.newaxis] if texts.dtype == tf.string and texts.shape.rank == 0 else texts


_WORDS = (("red", "green", "blue"), ("circle", "square", "ring"))


def random_values(spec: tf.TensorSpec, num: int, seed: int = 0) -> np.ndarray:
    """Returns random values of a part: pixels, normal numbers, labels 0 and 1, or short texts.

    Args:
        spec: What a model declares; sides of any size become 32.
        num: Number of samples.
        seed: The same seed gives the same values.

    Example:
        >>> random_values(tf.TensorSpec([None], tf.string), 2).tolist()
        ['a blue square', 'a green circle']
    """
    random = np.random.default_rng(check_seed(seed, least=0))
    shape = (num, *(32 if size is None else size for size in spec.shape[1:]))
    if spec.dtype == tf.uint8:
        return random.integers(0, 256, shape, "uint8")
    if spec.dtype.is_floating:
        return random.standard_normal(shape, "float32")
    if spec.dtype == tf.string:
        drawn = zip(*(random.choice(words, num) for words in _WORDS), strict=True)
        return np.array([f"a {colour} {shape}" for colour, shape in drawn], object)
    return random.integers(0, 2, shape, spec.dtype.as_numpy_dtype)


def random_images(shape: Shape, num: int) -> np.ndarray:
    """Returns random images as an endpoint takes them: floats in [-1, 1]."""
    return to_unit_range(random_values(tf.TensorSpec([None, *shape], tf.uint8), num))


# ---------------------------------------------------------------------- a look at a batch


def check_values(data: Any, spec: Spec, called: str) -> tuple[bool, int | None]:
    """Checks the parts of a batch whose values are there, texts aside.

    A missing part is left to the train step, which names it.

    Args:
        data: The batch, as a train step gets it.
        spec: The parts that the model declares.
        called: What to call batches in a message.

    Returns:
        Whether float pixels may be meant for [0, 1], and the number of samples.

    Raises:
        InputError: If a part has another shape than declared, or pixels cannot be in [-1, 1].
    """
    may_be_wrong = False
    num: int | None = None
    for name, part in parts_to_check(data, spec).items():
        values = stack_images(part, called)
        label = f"{called}, {name}" if len(spec) > 1 else called
        if not hasattr(values, "shape") or not hasattr(values, "dtype") or _has_strings(values):
            continue
        if spec[name].dtype.is_integer and spec[name].dtype != tf.uint8:
            continue  # Labels, see `ZooModel.check_condition` and the train step.
        check_shape_of(values, tuple(spec[name].shape[1:]), label)
        if num is None:
            num = int(values.shape[0])
        if spec[name].dtype == tf.uint8:
            may_be_wrong |= check_range(values, label)
    return may_be_wrong, num


def parts_to_check(data: Any, spec: Spec) -> dict[str, Any]:
    """Returns by name the parts of a batch, or of its `element_spec`, that are not texts."""
    found = named_parts(without_optionals(data), spec)
    return {name: part for name, part in found.items() if spec[name].dtype != tf.string}


def _has_strings(values: Any) -> bool:
    return values.dtype == tf.string or getattr(values.dtype, "kind", None) in ("O", "U", "S")


def values_of(part: Any) -> np.ndarray | None:
    """Returns the values of a part that are there; None for those of a graph, and without any."""
    if part is None:
        return None
    try:
        values = np.asarray(part)
    except (NotImplementedError, ValueError, TypeError):  # a tensor of a graph, a ragged list
        return None
    return values if values.dtype.kind in "biuf" else None


def check_shape_of(images: Any, shape: Shape, name: str) -> None:
    """Raises `InputError` unless the static shape of a batch fits `shape`, that of one sample."""
    came = tf.TensorShape(images.shape)
    if not came.is_compatible_with((None, *shape)):
        advice = ""
        one_less = came.rank == len(shape) > 1
        if one_less and came.is_compatible_with(shape):
            advice = (
                "; make a batch of one image with x[np.newaxis], or of a list with np.stack(images)"
            )
        elif one_less and shape[-1] == 1 and came[1:].is_compatible_with(shape[:-1]):
            advice = "; give images a channel axis: x[..., np.newaxis]"
        elif came.rank == 2 and not shape:
            advice = "; leave out the second axis: x[:, 0]"
        raise InputError(f"{name}: expected shape {_expected(shape)}, got {tuple(came)}{advice}.")


def warn_unless_finite(outputs: np.ndarray) -> None:
    """Warns if what a model makes holds NaN or infinity.

    Files would show noise or black in their place.

    Args:
        outputs: Of any shape; floats are looked at.
    """
    if not np.issubdtype(outputs.dtype, np.floating) or not outputs.size:
        return
    if np.isfinite([outputs.min(), outputs.max()]).all():  # without an array as large as outputs
        return
    bad = sum(not np.isfinite(each).all() for each in outputs)
    warn_user(
        f"{bad:,} of {counted(len(outputs), 'output')} {'has' if bad == 1 else 'have'} NaN or "
        "infinity: the model's weights are not finite, or its inputs are very far from those it "
        "was trained on."
    )


def joined(made: Sequence[np.ndarray]) -> np.ndarray:
    """Returns what a model makes, batch by batch, as one array; see `warn_unless_finite`."""
    outputs = np.concatenate(made)
    warn_unless_finite(outputs)
    return outputs


def with_shape(images: tf.Tensor, shape: Shape, name: str) -> tf.Tensor:
    """Returns a batch with a static shape; what is unknown is checked when the values are there.

    Args:
        images: The batch, whose static shape can be partly or wholly unknown.
        shape: Shape of one sample; None for any size.
        name: What to call the batch in a message.

    Raises:
        InputError: If the static shape is another one.
    """
    check_shape_of(images, shape, name)
    known = images.shape.rank is not None and all(
        wanted is None or wanted == came
        for wanted, came in zip(shape, images.shape[1:], strict=True)
    )
    if known:
        return images
    came = tf.shape(images)
    wanted = [-1, *(-1 if n is None else n for n in shape)]
    same_rank = tf.rank(images) == len(wanted)
    # Both sides need the same number of entries, even if the rank differs.
    sizes = tf.concat([came, tf.fill([len(wanted)], -2)], axis=0)[: len(wanted)]
    any_size = [n == -1 for n in wanted]
    fits = same_rank & tf.reduce_all(any_size | (tf.constant(wanted) == sizes))
    check = asserted(fits, f"{name}: expected shape {_expected(shape)}, got", came)
    with tf.control_dependencies(check):
        return tf.ensure_shape(images, (None, *shape))


def _expected(shape: Shape) -> str:
    return f"({', '.join(['batch', *('any' if n is None else str(n) for n in shape)])})"


def needs_check(element_spec: Any, spec: Spec, strings: bool = False) -> tuple[bool, int | None]:
    """Returns whether the values of batches need a check, and the number of samples if known.

    Args:
        element_spec: That of an iterator of batches.
        spec: The parts that the model declares.
        strings: Whether strings need a check.
    """
    leaves = tf.nest.flatten(element_spec, expand_composites=True)
    num = None
    unsure = strings and any(getattr(leaf, "dtype", None) == tf.string for leaf in leaves)
    for name, part in parts_to_check(element_spec, spec).items():
        leaf = next(
            (s for s in tf.nest.flatten(part, expand_composites=True) if hasattr(s, "dtype")), None
        )
        if leaf is None:
            continue
        num = num or (leaf.shape[0] if leaf.shape.rank else None)
        unsure |= leaf.dtype.is_floating and spec[name].dtype == tf.uint8
        unsure |= leaf.shape.rank is None or not leaf.shape[1:].is_fully_defined()
    return unsure, num


def without_optionals(data: Any) -> Any:
    """Returns a batch or its specification with None for what stands for None in it.

    Keras' datasets of generators have a `tf.experimental.Optional` there.
    """
    optional = (tf.OptionalSpec, tf.experimental.Optional)
    return keras.tree.map_structure(lambda x: None if isinstance(x, optional) else x, data)


def asserted(condition: tf.Tensor, *said: Any) -> list[tf.Operation]:
    """Returns a check for control dependencies; `errors.input_errors` raises its sentence.

    Args:
        condition: A boolean scalar.
        *said: The sentence if the condition is false: strings without brackets, and integer
            tensors. The first starts like "Training batches: expected ..., got".
    """
    check = tf.debugging.Assert(condition, list(said), summarize=16)
    return [] if check is None else [check]  # None: it has run eagerly.
