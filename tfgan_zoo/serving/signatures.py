"""The forms in which an endpoint is served: floats, uint8, and PNG files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo.pixels import to_uint8, to_unit_range

#: Name of a tensor of images, floats in [-1, 1], shape [B, H, W, C].
FLOATS = "images"
#: Name of a tensor of uint8 images.
UINT8 = "images_uint8"
#: Name of a tensor of image files, shape (B,). TF Serving's REST API encodes a string tensor in
#: base64, as {"b64": "..."}, if its name ends in `_bytes`.
FILES = "images_bytes"
#: Name of a tensor of voxels, occupancies in [0, 1], shape [B, D, H, W, C].
VOXELS = "voxels"
#: Name of a tensor of packed bits, uint8 [B, bytes]: whether each voxel is full, eight of them in a
#: byte, the first in its highest bit, as `np.packbits(..., axis=1)` packs them.
BITS = "voxels_bits"
#: Name of a tensor of masks beside images, floats in [0, 1], shape [B, H, W, 1].
MASKS = "masks"
#: Its names in the forms for uint8 and for files.
MASKS_UINT8, MASKS_FILES = "masks_uint8", "masks_bytes"


class Endpoint(NamedTuple):
    """One signature of an exported model.

    Attributes:
        function: Function of the input tensors that returns tensors by name.
        inputs: Specs of the inputs.
        example: Function of n that returns a request for n samples: arrays by name.
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: tuple[tf.TensorSpec, ...]
    example: Callable[[int], Mapping[str, np.ndarray]]


def in_every_form(endpoints: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Adds two forms to each endpoint that takes or returns `images`, floats in [-1, 1].

    `NAME_uint8` takes and returns `images_uint8` instead. `NAME_png` takes `images_bytes`, files in
    PNG, JPEG, BMP or GIF format, and returns `images_bytes`, PNG files; it processes images one by
    one, so they may differ in size. `masks` among the outputs change likewise. Other tensors, such
    as `seed` or `text`, do not change.

    Of an endpoint that returns `voxels`, `NAME_bits` returns `voxels_bits`, packed bits of the
    voxels with an occupancy from 0.5 up.

    Args:
        endpoints: Endpoints of a model. Points have no other form; images with 2 or more than 3
            channels have no form for files.

    Returns:
        All endpoints in the same order, with a `tf.function` with a signature as `function`. The
        networks are traced once, and are in the graph once.
    """
    signatures = {}
    for name, endpoint in endpoints.items():
        floats = _checked(endpoint)
        made = [spec for key, spec in outputs(floats).items() if key == FLOATS]
        signatures[name] = floats
        if VOXELS in outputs(floats):
            signatures[f"{name}_bits"] = _of_bits(floats)
        images = made + [spec for spec in endpoint.inputs if spec.name == FLOATS]
        if not images or any(spec.shape.rank != 4 for spec in images):
            continue
        signatures[f"{name}_uint8"] = _of_uint8(floats)
        if all(spec.shape[-1] in (1, 3) for spec in images):
            signatures[f"{name}_png"] = _of_files(floats)
    return signatures


def of_texts(texts: Sequence[str], number: str, text: str) -> Endpoint:
    """Returns a signature from numbers to texts; empty for numbers of none.

    Args:
        texts: The texts, by number.
        number: Name of the input, int32 `[B]`.
        text: Name of the output, strings `[B]`.
    """
    spec = tf.TensorSpec([None], tf.int32, name=number)

    def function(given):
        known = (given >= 0) & (given < len(texts))
        return {text: tf.gather([*texts, ""], tf.where(known, given, len(texts)))}

    def example(num):
        return {number: np.arange(num, dtype=np.int32) % len(texts)}

    made = tf.function(function, input_signature=(spec,), autograph=False)
    return Endpoint(made, (spec,), example)


def outputs(signature: Endpoint) -> dict[str, tf.TensorSpec]:
    """Returns the specs of the outputs of a signature of `in_every_form`, by name."""
    function: Any = signature.function
    return function.get_concrete_function().structured_outputs


def _checked(endpoint: Endpoint) -> Endpoint:
    """Returns an endpoint that checks the shapes of its inputs.

    TensorFlow's C++ session does not check them, and some kernels abort the whole process on a
    tensor with an axis too many.
    """

    def function(*given):
        pairs = zip(endpoint.inputs, given, strict=True)
        return endpoint.function(*(tf.ensure_shape(x, spec.shape) for spec, x in pairs))

    made = tf.function(function, input_signature=endpoint.inputs, autograph=False)
    return endpoint._replace(function=made)


def _of_uint8(floats: Endpoint) -> Endpoint:
    def function(*given):
        pairs = zip(floats.inputs, given, strict=True)
        made = floats.function(*(to_unit_range(x) if s.name == FLOATS else x for s, x in pairs))
        return _renamed(made, UINT8, to_uint8)

    def example(num):
        return _renamed(floats.example(num), UINT8, to_uint8)

    return _signature(function, floats, example, UINT8, lambda s: (s.shape, tf.uint8))


def _of_bits(floats: Endpoint) -> Endpoint:
    def function(*given):
        made = dict(floats.function(*given))
        return {BITS: packed_bits(made.pop(VOXELS)), **made}

    made = tf.function(function, input_signature=floats.inputs, autograph=False)
    return floats._replace(function=made)


def packed_bits(voxels: tf.Tensor) -> tf.Tensor:
    """Returns which voxels have an occupancy from 0.5 up, packed: see `BITS`."""
    size = int(np.prod(voxels.shape[1:]))
    full = tf.reshape(tf.cast(voxels >= 0.5, tf.int32), [-1, size])
    full = tf.pad(full, [[0, 0], [0, -size % 8]])
    weights = tf.constant([128, 64, 32, 16, 8, 4, 2, 1])
    packed = tf.reduce_sum(tf.reshape(full, [-1, -(-size // 8), 8]) * weights, axis=-1)
    return tf.cast(packed, tf.uint8)


def _of_files(floats: Endpoint) -> Endpoint:
    takes_images = any(spec.name == FLOATS for spec in floats.inputs)

    def function(*given):
        return _renamed(floats.function(*given), FILES, lambda x: tf.io.encode_png(to_uint8(x)))

    def one_by_one(*given):
        def one(row):
            values = [
                _decoded(x, s.shape) if s.name == FLOATS else x[tf.newaxis]
                for s, x in zip(floats.inputs, row, strict=True)
            ]
            return {name: value[0] for name, value in function(*values).items()}

        made = _renamed(outputs(floats), FILES, lambda s: tf.TensorSpec([None], tf.string))
        rows = {name: tf.TensorSpec(spec.shape[1:], spec.dtype) for name, spec in made.items()}
        return tf.map_fn(one, given, fn_output_signature=rows)

    def example(num):
        given = floats.example(num)
        return _renamed(given, FILES, lambda x: tf.io.encode_png(to_uint8(x)).numpy())

    return _signature(
        one_by_one if takes_images else function,
        floats,
        example,
        FILES,
        lambda s: ([None], tf.string),
    )


def _decoded(file: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """Decodes a file to a batch of one image of shape `[B, H, W, C]`; sides may be None."""
    # Always 3 channels: TensorFlow cannot decode BMP, GIF and CMYK to grey.
    image = tf.io.decode_image(file, channels=3, expand_animations=False)
    image.set_shape([None, None, 3])
    images = to_unit_range(to_grey(image) if shape[-1] == 1 else image)[tf.newaxis]
    return tf.ensure_shape(images, shape)


def to_grey(images: tf.Tensor) -> tf.Tensor:
    """Converts uint8 colour images to ITU-R 601 luma, bit for bit like Pillow.

    Grey images with repeated channels are recovered exactly.
    """
    weighed = tf.cast(images, tf.int32) * tf.constant([19595, 38470, 7471])
    luma = (tf.reduce_sum(weighed, axis=-1, keepdims=True) + 0x8000) // 0x10000
    return tf.cast(luma, tf.uint8)


def _signature(
    function: Callable, floats: Endpoint, example: Callable, name: str, kind: Callable
) -> Endpoint:
    """Returns an endpoint whose images have another name, shape and type."""
    inputs = tuple(
        tf.TensorSpec(*kind(spec), name=name) if spec.name == FLOATS else spec
        for spec in floats.inputs
    )
    return Endpoint(tf.function(function, input_signature=inputs, autograph=False), inputs, example)


def _renamed(values: Mapping[str, Any], name: str, convert: Callable) -> dict[str, Any]:
    """Converts and renames the images and masks among tensors, or their specs."""
    names = {FLOATS: name, MASKS: {UINT8: MASKS_UINT8, FILES: MASKS_FILES}[name]}
    found = {}
    for key, value in values.items():
        if key == MASKS and not isinstance(value, tf.TensorSpec):
            value = 2 * value - 1  # on the scale of images
        found[names.get(key, key)] = convert(value) if key in names else value
    return found
