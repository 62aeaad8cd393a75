"""Checks of the arguments of a model's constructor and methods."""

import inspect
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import BEYOND_PIXELS, InputError, looks_like_bytes, whole_number
from tfgan_zoo.samples import IMAGES, SampleKind, described
from tfgan_zoo.sizes import whole_shape


def stack_images(images: Any, name: str) -> Any:
    """Returns a list of images as one array; anything else as it is.

    Args:
        images: An array or tensor, or a list with one per image.
        name: Their name in a message.

    Raises:
        InputError: If the images of a list differ in shape.
    """
    if not isinstance(images, (list, tuple)) or not images:
        return images
    if any(tf.is_tensor(image) for image in images):
        # Tensors of a graph have no values, and may have unknown sizes.
        shapes = [tf.convert_to_tensor(image).shape for image in images]
        if all(shape.is_compatible_with(shapes[0]) for shape in shapes):
            return tf.stack(images)
    else:
        images = [np.asarray(image) for image in images]
        shapes = [image.shape for image in images]
        if len(set(shapes)) == 1:
            return np.stack(images)
    other = next(shape for shape in shapes if shape != shapes[0])
    raise InputError(
        f"{name}: expected images of one shape, got {tuple(shapes[0])} and {tuple(other)}; "
        "give them one by one."
    )


def check_range(images: Any, name: str) -> bool:
    """Checks that floats can be images in [-1, 1], and says whether they may be meant for [0, 1].

    Floats in 0..255 and floats beyond `errors.BEYOND_PIXELS` are refused. The bound leaves room for
    overshoot by resampling and by networks without tanh.

    Args:
        images: An array, or a tensor that has its values.
        name: Their name in a message.

    Returns:
        Whether they are floats with none below 0.

    Raises:
        InputError: If they are in another range, see `errors.looks_like_bytes`, or some are NaN or
            infinite.
    """
    values = np.asarray(images)
    if values.size == 0 or not tf.as_dtype(values.dtype).is_floating:
        return False
    low, high = (float(end) for end in (values.min(), values.max()))
    if not np.isfinite([low, high]).all():
        came = "NaN" if np.isnan(low + high) and np.isnan(values).any() else "infinity"
        bad = ~np.isfinite(np.atleast_1d(values))
        num = int(bad.reshape(len(bad), -1).any(axis=1).sum())
        raise InputError(
            f"{name}: expected finite numbers, got {came} in {num} of {len(bad)} checked "
            "images; repair those images, or leave them out."
        )
    if looks_like_bytes(low, high):
        raise InputError(
            f"{name}: expected uint8, or floats in [-1, 1], got floats up to {high:g}; "
            "give 0..255 as uint8, or divide by 127.5 and subtract 1."
        )
    if max(-low, high) > BEYOND_PIXELS:
        raise InputError(
            f"{name}: expected uint8, or floats in [-1, 1], got floats from {low:g} to {high:g}; "
            "scale them to [-1, 1], or give 0..255 as uint8."
        )
    return low >= 0


def check_ends(data: Any, steps: Any, argument: str) -> None:
    """Checks that a dataset ends, or that the number of steps per epoch is given.

    Args:
        data: The data argument of one of Keras' methods.
        steps: The number of batches to take; None for all.
        argument: Name of the argument `steps` in a message.

    Raises:
        InputError: If `steps` is None and the dataset is endless.
    """
    if steps is not None or not isinstance(data, tf.data.Dataset):
        return
    if int(data.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise InputError(
            f"{argument}: expected a number, as the dataset has no end, got None; "
            "len(source) // batch_size shows every sample about once."
        )


ONLY_KERAS_FILES = "the only format that holds a model of several networks and optimizers"
WEIGHTS_OR_EXPORT = (
    "for weights alone use save_weights, with a name that ends in .weights.h5, and for a "
    "SavedModel use export"
)


def check_save_path(path: Any) -> None:
    """Checks that a whole model can be saved under a name.

    Raises:
        InputError: If it does not end in `.keras`.
    """
    if not str(path).endswith(".keras"):
        raise InputError(
            f"filepath: expected a name that ends in .keras, {ONLY_KERAS_FILES}, got "
            f"{str(path)!r}; {WEIGHTS_OR_EXPORT}."
        )


def check_num(num: Any) -> int:
    """Returns a number of images, or raises `InputError` if it is not a whole number from 1 up."""
    whole = whole_number(num)
    if whole is None or whole < 1:
        raise InputError(f"num: expected a whole number from 1 up, got {num!r}.")
    return whole


def check_seeds(seeds: Any) -> np.ndarray:
    """Returns seeds as int64 `[num]`.

    Raises:
        InputError: If they have another shape, there are none, or one is not a 64-bit whole number.
    """
    each = np.asarray(seeds)
    whole = np.issubdtype(each.dtype, np.integer) and np.all(each <= np.iinfo(np.int64).max)
    if each.ndim != 1 or len(each) == 0 or not whole:
        raise InputError(
            "seeds: expected whole numbers, shape (num,), one or more, from -2**63 to 2**63 - 1, "
            f"got {seeds!r}."
        )
    return each.astype(np.int64)


def constructor_arguments(cls: type) -> dict[str, Any]:
    """Returns the arguments of a model's constructor with their defaults, by name.

    A constructor's `**kwargs` go to that of the next base, down to the zoo's own base class.
    """
    defaults: dict[str, Any] = {}
    for base in cls.__mro__[: cls.__mro__.index(keras.Model)]:
        if "__init__" not in vars(base):
            continue
        signature = inspect.signature(base.__init__)  # type: ignore[misc]
        for name, parameter in signature.parameters.items():
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                defaults.setdefault(name, parameter.default)
    del defaults["self"]
    return defaults


def check_flag(name: str, value: Any) -> bool:
    """Returns an argument that is True or False, and False for None.

    Raises:
        InputError: If it is anything else except 0 and 1; `bool` would take any text as True.
    """
    if value is None or isinstance(value, (bool, np.bool_)) or whole_number(value) in (0, 1):
        return bool(value)
    raise InputError(f"{name}: expected True or False, got {value!r}.")


def check_size(name: str, value: Any) -> int:
    """Returns a number of pixels, channels or the like; a float such as 64.0 is accepted.

    Raises:
        InputError: If it is not a whole number from 1 up.
    """
    size = _size(value)
    if size is None:
        raise InputError(f"{name}: expected a whole number from 1 up, got {value!r}.")
    return size


def check_image_shape(image_shape: Any, kinds: Sequence[SampleKind] = (IMAGES,)) -> tuple[int, ...]:
    """Returns the shape of one sample as a tuple.

    Args:
        image_shape: The shape, without the batch axis; or the side of square colour images.
        kinds: The kinds of samples that it can be of.

    Raises:
        InputError: If it is anything else.
    """
    image_shape = whole_shape(image_shape)
    sizes: list[int | None] = [None]
    if not isinstance(image_shape, (str, bytes, dict)) and np.iterable(image_shape):
        sizes = [_size(n) for n in image_shape]
    if None in sizes or len(sizes) not in [len(kind.axes) for kind in kinds]:
        shown = tuple(image_shape) if isinstance(image_shape, list) else image_shape
        raise InputError(f"image_shape: expected {described(*kinds)}, got {shown!r}.")
    return tuple(n for n in sizes if n is not None)


def _size(value: Any) -> int | None:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    size = whole_number(value)
    return size if size is not None and size >= 1 else None
