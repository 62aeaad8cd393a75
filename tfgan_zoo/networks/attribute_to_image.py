"""The generator of images and masks from attributes, Dosovitskiy et al. 2014."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.common import activate, check_positive, check_shape, fresh, transposed
from tfgan_zoo.sizes import doublings_from_small


def attribute_to_image_generator(
    image_shape: Sequence[int],
    groups: Sequence[int],
    *,
    group_units: int = 512,
    units: int = 1024,
    maps: int = 256,
    filters: Sequence[int] = (256, 92, 48),
    kernel_size: int = 4,
    refine: bool = True,
    name: str = "generator",
) -> keras.Model:
    """Generator of images and masks (Dosovitskiy et al. 2014, https://arxiv.org/abs/1411.5928).

    Each group of the input, such as class, view and transformation, passes two dense layers of its
    own, and what comes out of all of them passes two more: the joint code h. From there on, image
    and mask have a stream each. A dense layer leads to small maps, whose sides transposed
    convolutions of stride 2 double; after each but the last stands a 3x3 convolution. All layers
    but the last have ReLU. The defaults are the paper's for 128x128 images.

    The paper's first version had 5x5 convolutions of maps whose pixels stand in the corners of 2x2
    zeros. That is a transposed convolution: `kernel_size=5, refine=False`.

    Args:
        image_shape: `(height, width, channels)`, of any size. Maps begin with sides of 5 to 8, or
            larger ones if the sides are above 128, and are cropped at the end.
        groups: Lengths of the parts of the input.
        group_units: Width of the dense layers of each group.
        units: Width of the dense layers after them.
        maps: Number of the small maps that a dense layer makes.
        filters: Feature maps after each doubling but the last; images that need fewer doublings
            use the first of them.
        kernel_size: Side of the kernels of the transposed convolutions.
        refine: Whether the 3x3 convolutions are there.
        name: Name of the model.

    Returns:
        A model from vectors `[B, sum(groups)]` to float32 `[B, height, width, channels + 1]`: an
        image on the scale of [-1, 1], and in the last channel its mask on that of [0, 1].

    Raises:
        InputError: If the shape or a size is invalid.

    Example:
        >>> attribute_to_image_generator((128, 128, 3), (809, 4, 12)).output_shape  # the paper's
        (None, 128, 128, 4)
    """
    height, width, channels = check_shape(image_shape)
    if not groups:
        raise InputError("groups: expected the length of one group or more, got none.")
    check_positive(
        **{f"groups[{i}]": size for i, size in enumerate(groups)},
        **{f"filters[{i}]": size for i, size in enumerate(filters)},
        group_units=group_units,
        units=units,
        maps=maps,
        kernel_size=kernel_size,
    )
    doublings = doublings_from_small(max(height, width))
    if len(filters) < doublings - 1:
        raise InputError(
            f"filters: expected {doublings - 1} numbers or more for images of {height}x{width}, "
            f"got {tuple(filters)}."
        )
    first = tuple(math.ceil(side / 2**doublings) for side in (height, width))

    inputs = keras.Input((sum(groups),), name="attributes")
    parts, start = [], 0
    for i, size in enumerate(groups, 1):
        x = inputs[:, start : start + size]
        for layer in (1, 2):
            x = _dense(x, group_units, f"group_{i}_dense_{layer}")
        parts.append(x)
        start += size
    h = layers.Concatenate(name="joined")(parts) if len(parts) > 1 else parts[0]
    for layer in (1, 2):
        h = _dense(h, units, f"dense_{layer}")

    streams = []
    for stream, out in (("image", channels), ("mask", 1)):
        x = _dense(h, math.prod(first) * maps, f"{stream}_dense")
        x = layers.Reshape((*first, maps), name=f"{stream}_maps")(x)
        for i, number in enumerate(filters[: doublings - 1], 1):
            x = transposed(
                x,
                number,
                kernel_size,
                kernel_initializer=fresh("he_normal"),
                name=f"{stream}_up_{i}",
            )
            x = activate(x, "relu", name=f"{stream}_up_{i}_activation")
            if refine:
                x = layers.Conv2D(
                    number,
                    3,
                    padding="same",
                    kernel_initializer=fresh("he_normal"),
                    name=f"{stream}_conv_{i}",
                )(x)
                x = activate(x, "relu", name=f"{stream}_conv_{i}_activation")
        x = transposed(x, out, kernel_size, dtype="float32", name=f"{stream}_output")
        streams.append(x)
    x = layers.Concatenate(dtype="float32", name="image_and_mask")(streams)
    rest = [size * 2**doublings - side for size, side in zip(first, (height, width), strict=True)]
    if any(rest):
        ends = tuple((0, each) for each in rest)
        x = layers.Cropping2D(ends, dtype="float32", name="crop")(x)
    return keras.Model(inputs, x, name=name)


def _dense(x: Any, width: int, name: str) -> Any:
    x = layers.Dense(width, kernel_initializer=fresh("he_normal"), name=name)(x)
    return activate(x, "relu", name=f"{name}_activation")
