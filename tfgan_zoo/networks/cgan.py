"""The networks of the first conditional GAN."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ClassEmbedding, Maxout, StatelessDropout
from tfgan_zoo.networks.classes import check_classes
from tfgan_zoo.networks.common import activate, check_positive, check_shape, fresh
from tfgan_zoo.samples import SAMPLES, kind_of


def cgan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    num_classes: int = 10,
    *,
    noise_units: int = 200,
    class_units: int = 1000,
    units: int = 1200,
    dropout: float = 0.5,
    initializer: Any = None,
    seed: int = 0,
    name: str = "generator",
) -> keras.Model:
    """CGAN's generator (Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 4.1).

    Noise and class have a layer of rectifiers each, of 200 and 1000 units, which are joined in a
    layer of 1200; half of the hidden units are dropped in training. The paper's output is a sigmoid
    for pixels in [0, 1]; this one is tanh, the same sigmoid rescaled, for pixels in [-1, 1]. The
    paper does not say how weights start; here it is U(-0.05, 0.05), as for `mlp_generator`.

    Args:
        image_shape: `(height, width, channels)`, or the shape of points or voxels.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes.
        noise_units: Width of the noise's layer.
        class_units: Width of the class's layer.
        units: Width of the joint layer.
        dropout: Probability of dropping a hidden unit, in [0, 1).
        initializer: Initializer of every kernel, as Keras takes it; None is U(-0.05, 0.05).
        seed: Seed of the dropout masks.
        name: Name of the model.

    Returns:
        A model from a list of noise `[B, latent_dim]` and labels `[B]` to float32 samples
        `[B, *image_shape]`.

    Raises:
        InputError: If a shape, a size or a rate is invalid.

    Example:
        >>> cgan_generator((28, 28, 1)).get_layer("joint").input.shape
        (None, 1200)
    """
    shape = check_shape(image_shape, kinds=tuple(SAMPLES.values()))
    check_positive(
        latent_dim=latent_dim, noise_units=noise_units, class_units=class_units, units=units
    )
    classes = required_classes(num_classes)
    if initializer is None:
        initializer = keras.initializers.RandomUniform(-0.05, 0.05)

    noise = keras.Input((latent_dim,), name="noise")
    label = keras.Input((), dtype="int32", name="label")
    z = layers.Dense(noise_units, kernel_initializer=fresh(initializer), name="noise_dense")(noise)
    # A dense layer of a one-hot class is a table.
    y = ClassEmbedding(
        classes, class_units, embeddings_initializer=fresh(initializer), name="class_embedding"
    )(label)
    x = layers.Concatenate(name="noise_and_class")(
        [activate(z, "relu", name="noise_relu"), activate(y, "relu", name="class_relu")]
    )
    x = _dropped(x, dropout, seed, "dropout_1")
    x = layers.Dense(units, kernel_initializer=fresh(initializer), name="joint")(x)
    x = activate(x, "relu", name="joint_relu")
    x = _dropped(x, dropout, seed, "dropout_2")
    x = layers.Dense(
        math.prod(shape),
        activation="tanh" if kind_of(shape).is_pixels else "linear",
        kernel_initializer=fresh(initializer),
        dtype="float32",
        name="output",
    )(x)
    if len(shape) > 1:
        x = layers.Reshape(shape, dtype="float32", name="image")(x)
    return keras.Model([noise, label], x, name=name)


def cgan_discriminator(
    image_shape: Sequence[int],
    num_classes: int = 10,
    packing: int = 1,
    *,
    image_units: int = 240,
    class_units: int = 50,
    units: int = 240,
    dropout: float = 0.5,
    initializer: Any = None,
    seed: int = 0,
    name: str = "discriminator",
) -> keras.Model:
    """CGAN's discriminator (Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 4.1).

    Image and class have a layer of maxout units each, 240 and 50 of 5 pieces, which are joined in a
    layer of 240 maxout units of 4 pieces; half of the hidden units are dropped in training. The
    paper does not say how weights start; here it is U(-0.005, 0.005), as for `mlp_discriminator`,
    and U(-0.5, 0.5) for the class, whose one-hot input has a single 1.

    Args:
        image_shape: `(height, width, channels)`, or the shape of points or voxels. A packed
            discriminator (PacGAN) has m times the channels or dimensions.
        num_classes: Number of classes.
        packing: Samples in a pack, of which each has a label, and each label a layer of its own.
        image_units: Maxout units of the image's layer.
        class_units: Maxout units of the class's layer.
        units: Maxout units of the joint layer.
        dropout: Probability of dropping a hidden unit, in [0, 1).
        initializer: Initializer of the kernels, as Keras takes it; None is U(-0.005, 0.005).
        seed: Seed of the dropout masks.
        name: Name of the model.

    Returns:
        A model from a list of samples `[B, *image_shape]` and labels `[B]`, of packs
        `[B, packing]`, to float32 logits `[B, 1]`.

    Raises:
        InputError: If a shape, a size or a rate is invalid.

    Example:
        >>> cgan_discriminator((28, 28, 1)).get_layer("joint").input.shape
        (None, 290)
    """
    shape = check_shape(image_shape, kinds=tuple(SAMPLES.values()))
    check_positive(image_units=image_units, class_units=class_units, units=units)
    classes = required_classes(num_classes, packing)
    if initializer is None:
        initializer = keras.initializers.RandomUniform(-0.005, 0.005)

    image = keras.Input(shape, name="image")
    label = keras.Input((packing,) if packing > 1 else (), dtype="int32", name="label")
    x = layers.Flatten(name="flatten")(image) if len(shape) > 1 else image
    parts = [Maxout(image_units, 5, kernel_initializer=fresh(initializer), name="image_maxout")(x)]
    for i in range(packing):
        suffix = "" if packing == 1 else f"_{i + 1}"
        y = ClassEmbedding(
            classes,
            5 * class_units,
            embeddings_initializer=keras.initializers.RandomUniform(-0.5, 0.5),
            name=f"class_embedding{suffix}",
        )(label if packing == 1 else label[:, i])
        y = layers.Reshape((5, class_units), name=f"class_pieces{suffix}")(y)
        parts.append(layers.GlobalMaxPooling1D(name=f"class_maxout{suffix}")(y))
    x = layers.Concatenate(name="image_and_class")(parts)
    x = _dropped(x, dropout, seed, "dropout_1")
    x = Maxout(units, 4, kernel_initializer=fresh(initializer), name="joint")(x)
    x = _dropped(x, dropout, seed, "dropout_2")
    x = layers.Dense(1, kernel_initializer=fresh(initializer), dtype="float32", name="logits")(x)
    return keras.Model([image, label], x, name=name)


def _dropped(x: Any, rate: float, seed: int, name: str) -> Any:
    return StatelessDropout(rate, seed, name=name)(x) if rate else x


def required_classes(num_classes: int, packing: int = 1) -> int:
    """Returns a number of classes, which a conditional network must have."""
    classes = check_classes(num_classes, packing)
    if classes is None:
        raise InputError(
            f"num_classes: expected an integer of at least 2 for this network, got {num_classes!r}."
        )
    return classes
