"""What `fit` and its like are given, looked at before a train step sees it."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.mechanics.arguments import check_range, stack_images

Shape = tuple[int | None, ...]

#: Keras' own default of `batch_size`.
KERAS_BATCH_SIZE = 32


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


def parts_of(data: Any, names: Sequence[str]) -> list[Any]:
    """Returns the parts of a batch in order, of a dict those of these names that it has."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return [parts[name] for name in names if name in parts]
    return parts


def describe_batch(data: Any) -> str:
    """Says what a batch consists of, for a message about what it lacks."""
    parts = unpacked(data)
    if isinstance(parts, Mapping):
        return f"a dict with the keys {', '.join(map(str, parts))}"
    return f"{len(parts)} part{'s' * (len(parts) != 1)}"


# ---------------------------------------------------------------------- arrays, shared out


def check_given(given: Mapping[str, Any]) -> None:
    """Checks what `fit` or `evaluate` was given before anything is made of it.

    Args:
        given: their arguments by name.

    Raises:
        InputError: if there is no data, an array has no samples, or a batch size or share of the
            samples is out of range.
    """
    for name in ("batch_size", "validation_batch_size"):
        if given.get(name) is not None:
            check_number(name, given[name], least=1, whole=True)
    if given.get("validation_split") is not None:
        check_number("validation_split", given["validation_split"], least=0, below=1)
    if given.get("x") is None:
        raise InputError(
            "x: expected arrays or a tf.data.Dataset, got None; give the data as the first "
            "argument."
        )
    for name in ("x", "validation_data"):
        if _num_rows(given.get(name)) == 0:
            raise InputError(
                f"{name}: expected one sample or more, got an array of none; check what was loaded."
            )


def with_batch_size(
    fit: Mapping[str, Any], training: int, testing: int, samples_per_step: Callable[[int], int]
) -> tuple[dict[str, Any], list[str]]:
    """Chooses the batch size of arrays for which `fit` was given none.

    A train step takes what feeds updates on Keras' 32 samples. Samples at the end that make no
    equal shares are left out, of what `validation_split` holds back as well.

    Args:
        fit: the arguments that `fit` was given, by name.
        training: what the number of samples of a batch is to be a multiple of.
        testing: the same of a batch to validate on.
        samples_per_step: how many samples one train step takes for a batch size.

    Returns:
        The arguments for Keras, and sentences about what differs from Keras' defaults.

    Raises:
        InputError: if there are too few samples for a single step.
    """
    chosen, said = dict(fit), list[str]()
    num = _num_rows(fit.get("x"))
    if fit.get("batch_size") is not None or num is None:
        return chosen, said
    size = samples_per_step(KERAS_BATCH_SIZE)
    times = 1 if size % training == 0 else KERAS_BATCH_SIZE * training // size
    size *= times
    validates = fit.get("validation_data") is not None or fit.get("validation_split")
    if size != KERAS_BATCH_SIZE:
        chosen["batch_size"] = size
        named = f"{times} * " * (times > 1) + f"model.samples_per_step({KERAS_BATCH_SIZE})"
        said.append(f"No batch_size is given: each train step takes {size} samples, {named}.")
        if validates and fit.get("validation_batch_size") is None:
            chosen["validation_batch_size"] = evaluation_batch_size(testing)
    split = 0.0 if fit.get("validation_data") is not None else fit.get("validation_split") or 0.0
    trained = math.floor(num * (1 - split))
    held = num - trained
    if split and not 0 < trained < num:
        return chosen, said  # Keras says what is wrong.
    if trained < training:
        raise InputError(
            f"x: expected at least {training} samples to train on, as one train step shares them "
            f"out, got {trained}."
        )
    surplus, unheld = trained % training, held % testing
    if not surplus and not unheld:
        return chosen, said
    leaves = tf.nest.flatten((fit.get("x"), fit.get("y")))
    if any(_num_rows(leaf) != num for leaf in leaves if leaf is not None):
        return chosen, said  # Keras says what is wrong.
    given = fit.get("x"), fit.get("y")
    chosen["x"], chosen["y"] = _rows(given, 0, trained - surplus)
    if split:
        x, y = _rows(given, trained, num - unheld)
        chosen["validation_split"] = 0.0
        chosen["validation_data"] = (x,) if y is None else (x, y)
    for left, of, share in ((surplus, trained, training), (unheld, held, testing)):
        if left:
            said.append(
                f"The last {left} of {of} samples are left out, as batches are shared out into "
                f"{share} equal parts."
            )
    return chosen, said


def evaluation_batch_size(multiple: int) -> int:
    """Returns the batch size to test with where none is given: Keras' own, if that can be had."""
    return KERAS_BATCH_SIZE if KERAS_BATCH_SIZE % multiple == 0 else KERAS_BATCH_SIZE * multiple


def check_batch_sizes(
    fit: Mapping[str, Any],
    training: int,
    testing: int,
    samples_per_step: Callable[[int], int] = lambda size: size,
) -> None:
    """Checks that array batches divide evenly. Datasets are checked step by step.

    Args:
        fit: the arguments that `fit` was given, by name.
        training: what the number of samples of a batch is to be a multiple of.
        testing: the same of a batch to validate on.
        samples_per_step: how many samples one train step takes for a batch size.

    Raises:
        InputError: if a batch size or a number of samples does not fit.
    """
    size, num = fit.get("batch_size") or KERAS_BATCH_SIZE, _num_rows(fit.get("x"))
    split = fit.get("validation_split") or 0.0
    trained = None if num is None else math.floor(num * (1 - split))
    held = _num_rows(fit.get("validation_data"))
    if held is None and split and num is not None and trained is not None:
        held = num - trained
    if fit.get("steps_per_epoch") is None:
        named = ""
        if samples_per_step(size) != size:
            times = size * training // samples_per_step(size)
            named = f" ({f'{times} * ' * (times > 1)}model.samples_per_step({size}))"
        _check_batch_size("x", trained, "batch_size", size, training, named)
    if fit.get("validation_steps") is None:
        size = fit.get("validation_batch_size") or size
        _check_batch_size("validation_data", held, "validation_batch_size", size, testing)


def _check_batch_size(
    data: str, num: int | None, argument: str, size: int, multiple: int, named: str = ""
) -> None:
    if num is None or (num % size % multiple == 0 and (num < size or size % multiple == 0)):
        return
    if num >= size and size % multiple:
        raise InputError(
            f"{argument}: expected a multiple of {multiple}, as each batch is shared out, got "
            f"{size}; with {size * multiple}{named} every share has {size}."
        )
    raise InputError(
        f"{data}: expected a number of samples that is a multiple of {multiple}, as each batch is "
        f"shared out and the last one here has {num % size}, got {num}; leave out "
        f"{num % multiple}, or give a tf.data.Dataset, batched with drop_remainder=True."
    )


def _num_rows(data: Any) -> int | None:
    """How many samples arrays have; None for all else that `fit` takes."""
    parts = unpacked(data)
    first = next(iter(parts.values() if isinstance(parts, Mapping) else parts), None)
    if isinstance(first, (np.ndarray, tf.Tensor)) and len(first.shape) > 0:
        return int(first.shape[0])
    return None


def _rows(data: Any, start: int, stop: int) -> Any:
    return tf.nest.map_structure(lambda rows: None if rows is None else rows[start:stop], data)


def some_rows(data: Any, size: int) -> Any:
    """Returns a batch of samples from all over arrays; None if the data is no arrays.

    Args:
        data: what `fit` takes.
        size: of the batch.
    """
    num = _num_rows(data)
    if num is None:
        return None
    every = max(1, num // size)
    return tf.nest.map_structure(
        lambda rows: rows[::every][:size] if _num_rows(rows) == num else rows, data
    )


# ---------------------------------------------------------------------- a look at a batch


def check_images(
    data: Any, names: Sequence[str], shapes: Mapping[str, Shape], called: str
) -> tuple[bool, int | None]:
    """Checks the images of a batch whose values are there.

    What lacks a part is left to the train step, which says so.

    Args:
        data: the batch, as a train step gets it.
        names: of a batch's parts.
        shapes: of one image, for each part that is images; points have one dimension, and their
            values are free.
        called: what to call batches in a message.

    Returns:
        Whether floats of a part may be meant for [0, 1], and the number of images.

    Raises:
        InputError: if images have another shape than the model's, or cannot be in [-1, 1].
    """
    may_be_wrong = False
    num: int | None = None
    for name, part in image_parts(data, names, shapes).items():
        images = stack_images(part, called)
        label = f"{called}, {name}" if len(names) > 1 else called
        if not hasattr(images, "shape") or not hasattr(images, "dtype"):
            continue
        check_shape_of(images, shapes[name], label)
        if num is None:
            num = int(images.shape[0])
        if len(shapes[name]) == 3:
            may_be_wrong |= check_range(images, label)
    return may_be_wrong, num


def image_parts(data: Any, names: Sequence[str], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """Returns by name those parts of a batch, or of a batch's specification, that are images."""
    parts = unpacked(without_optionals(data))
    named = parts if isinstance(parts, Mapping) else dict(zip(names, parts, strict=False))
    return {name: named[name] for name in shapes if name in named}


def check_shape_of(images: Any, shape: Shape, name: str) -> None:
    """Raises `InputError` if a batch cannot be one of images of a shape; see `with_shape`."""
    came = tf.TensorShape(images.shape)
    if not came.is_compatible_with((None, *shape)):
        advice = ""
        if came.rank == len(shape) == 3 and came.is_compatible_with(shape):
            advice = "; make a batch of a list of images with np.stack(images)"
        elif came.rank == 3 and shape[-1] == 1 and came[1:].is_compatible_with(shape[:-1]):
            advice = "; give images a channel axis: x[..., np.newaxis]"
        raise InputError(f"{name}: expected shape {_expected(shape)}, got {tuple(came)}{advice}.")


def with_shape(images: tf.Tensor, shape: Shape, name: str) -> tf.Tensor:
    """Returns a batch of known shape, of one whose shape may be open: checked when it is there.

    Args:
        images: of any static shape, or none.
        shape: of one of them; None for any size.
        name: what to call them in a message.

    Raises:
        InputError: if the static shape is another one.
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
    # Of another rank, what is compared is of no use, but has to have as many numbers.
    sizes = tf.concat([came, tf.fill([len(wanted)], -2)], axis=0)[: len(wanted)]
    any_size = [n == -1 for n in wanted]
    fits = same_rank & tf.reduce_all(any_size | (tf.constant(wanted) == sizes))
    check = asserted(fits, f"{name}: expected shape {_expected(shape)}, got", came)
    with tf.control_dependencies(check):
        return tf.ensure_shape(images, (None, *shape))


def _expected(shape: Shape) -> str:
    return f"({', '.join(['batch', *('any' if n is None else str(n) for n in shape)])})"


def needs_check(
    spec: Any, names: Sequence[str], shapes: Mapping[str, Shape], strings: bool = False
) -> tuple[bool, int | None]:
    """Returns whether batches have to be looked at, and of how many samples they are if known.

    Args:
        spec: of a batch: the `element_spec` of an iterator.
        names: of a batch's parts.
        shapes: of one image, for each part that is images.
        strings: whether strings have to be looked at.
    """
    leaves = tf.nest.flatten(spec, expand_composites=True)
    num = None
    unsure = strings and any(getattr(leaf, "dtype", None) == tf.string for leaf in leaves)
    for name, part in image_parts(spec, names, shapes).items():
        leaf = next(
            (s for s in tf.nest.flatten(part, expand_composites=True) if hasattr(s, "dtype")), None
        )
        if leaf is None:
            continue
        num = num or (leaf.shape[0] if leaf.shape.rank else None)
        unsure |= leaf.dtype.is_floating and len(shapes[name]) == 3
        unsure |= leaf.shape.rank is None or not leaf.shape[1:].is_fully_defined()
    return unsure, num


def read_ahead(iterator: Any, steps: int) -> tuple[list[Any], Any]:
    """Reads the next batches, and returns them with an iterator of the same next batches.

    They are read once: a pipeline is not started twice, and a generator loses nothing.

    Args:
        iterator: an iterator of batches, possibly distributed over several replicas.
        steps: how many batches are asked for next.

    Returns:
        The first batch, or several of them, one for each replica of this process; none at the end
        of the data. And what the next execution is to be given instead of `iterator`.
    """
    read = list(itertools.islice(iterator, steps))
    if not read:
        return [], iterator
    if not isinstance(iterator, tf.data.Iterator):
        return _of_each_replica(read[0]), read
    # Of the iterator's own type, which leaves sizes open: no other graph is traced for it.
    spec = iterator.element_spec
    first, *others = (_typed(tf.data.Dataset.from_tensors(batch), spec) for batch in read)
    for dataset in others:
        first = first.concatenate(dataset)
    return read[:1], iter(first)


def local_values(value: Any) -> list[Any]:
    """Returns what the replicas of this process have each; on a single one, the value itself."""
    distributed = isinstance(value, tf.distribute.DistributedValues)
    return list(value.values) if distributed else [value]


def _of_each_replica(batch: Any) -> list[Any]:
    leaves = [local_values(leaf) for leaf in tf.nest.flatten(batch)]
    num = max(map(len, leaves), default=1)
    each = ([leaf[i] if len(leaf) == num else leaf[0] for leaf in leaves] for i in range(num))
    return [tf.nest.pack_sequence_as(batch, values) for values in each]


def _typed(dataset: tf.data.Dataset, spec: Any) -> tf.data.Dataset:
    return tf.data.experimental.from_variant(tf.data.experimental.to_variant(dataset), spec)


def without_optionals(data: Any) -> Any:
    """Returns a batch or its specification with None for what stands for None in it.

    Keras' datasets of generators have a `tf.experimental.Optional` there.
    """
    optional = (tf.OptionalSpec, tf.experimental.Optional)
    return keras.tree.map_structure(lambda x: None if isinstance(x, optional) else x, data)


# ---------------------------------------------------------------------- checks within a graph


def check_equal_shares(data: Any) -> list[tf.Operation]:
    """Checks, within a step, that all replicas got as many samples; to be a control dependency.

    Their losses are means over their own samples, so a replica with fewer would give each of them
    more weight. Costs nothing on a single replica, or where the number is static.

    Args:
        data: this replica's batch.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return []
    tensors = filter(tf.is_tensor, tf.nest.flatten(data, expand_composites=True))
    first = next((t for t in tensors if t.shape.rank != 0), None)
    if first is None or (first.shape.rank is not None and first.shape[0] is not None):
        return []
    own = tf.shape(first)[0]
    count = tf.cast(own, tf.float32)
    replicas = replica.num_replicas_in_sync
    total = replica.all_reduce(tf.distribute.ReduceOp.SUM, count)
    return asserted(
        tf.equal(total, replicas * count),
        f"Batches: {_EQUAL_SHARES.format(replicas=replicas)}, got",
        own,
        "on one of them, of a batch of",
        tf.cast(total, tf.int32),
        f"; {_DROP_REMAINDER}.",
    )


def check_shares_of(counts: Sequence[int]) -> None:
    """Does what `check_equal_shares` does, where all replicas' numbers are known.

    Raises:
        InputError: if they differ.
    """
    if len(set(counts)) > 1:
        raise InputError(
            f"Batches: {_EQUAL_SHARES.format(replicas=len(counts))}, got {min(counts)} on one of "
            f"them, of a batch of {sum(counts)}; {_DROP_REMAINDER}."
        )


_EQUAL_SHARES = "expected as many samples on each of {replicas} replicas"
_DROP_REMAINDER = (
    "batch a tf.data.Dataset with drop_remainder=True, by a multiple of the number of replicas"
)


def asserted(condition: tf.Tensor, *said: Any) -> list[tf.Operation]:
    """Returns a check for control dependencies, whose sentence `errors.input_errors` raises.

    Args:
        condition: a boolean scalar.
        *said: what to say if it does not hold: strings without brackets, and tensors of integers;
            the first is like "Training batches: expected ..., got".
    """
    check = tf.debugging.Assert(condition, list(said), summarize=16)
    return [] if check is None else [check]  # Run at once, there is nothing left to wait for.
