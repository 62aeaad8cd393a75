"""Fully connected networks of the first GAN and of 2-D toy problems."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgan_zoo.layers import Maxout, StatelessDropout
from tfgan_zoo.networks.classes import check_classes, join_class, judge
from tfgan_zoo.networks.common import activate, check_positive, check_shape, fresh, normalize
from tfgan_zoo.samples import SAMPLES, kind_of


def mlp_generator(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    num_classes: int | None = None,
    *,
    units: Sequence[int] = (1200, 1200),
    activation: str = "relu",
    batch_norm: bool = False,
    use_bias: bool = True,
    output_activation: str | None = None,
    initializer: Any = None,
    synchronized_bn: bool = False,
    embedding_dim: int = 16,
    conditional_normalization: bool = True,
    name: str = "generator",
) -> keras.Model:
    """Fully connected generator (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661).

    The defaults are the authors' MNIST generator: two layers of 1200 rectifiers, weights
    U(-0.05, 0.05). Theirs ends in a sigmoid for pixels in [0, 1]; this one ends in tanh, the same
    sigmoid rescaled, for pixels in [-1, 1].

    Args:
        image_shape: `(height, width, channels)`, or the shape of points or voxels.
        latent_dim: Size of the noise vector.
        num_classes: Number of classes, for a network of [noise, label]; None for one without.
        units: Width of each hidden layer.
        activation: Activation of the hidden layers, by its Keras name (`leaky_relu`: slope 0.2).
        batch_norm: Whether hidden layers are batch-normalised before their activation.
        use_bias: Whether hidden layers have a bias; the output always has one.
        output_activation: Activation of the output; None is `linear` for points and `tanh` for
            images and voxels, in [-1, 1].
        initializer: Initializer of every kernel, as Keras takes it; None is U(-0.05, 0.05).
        synchronized_bn: Whether batch statistics are computed over all replicas.
        embedding_dim: Size of the embedding of the class, which is joined to the noise.
        conditional_normalization: Whether scale and offset of batch normalisation follow from the
            embedding of the class, if there are classes.
        name: Name of the model.

    Returns:
        A model from noise `[B, latent_dim]` to float32 samples `[B, *image_shape]`.

    Raises:
        InputError: If a shape or a size is invalid.

    Example:
        >>> mlp_generator((28, 28, 1)).output_shape
        (None, 28, 28, 1)
        >>> # Gulrajani et al. 2017, 2-D toy data:
        >>> mlp_generator((2,), 2, units=(512, 512, 512), initializer="he_uniform").output_shape
        (None, 2)
        >>> # Lin et al. 2018 (PacGAN), 2-D toy data:
        >>> mlp_generator(
        ...     (2,), 2, units=(400,) * 4, batch_norm=True, use_bias=False,
        ...     initializer=keras.initializers.RandomNormal(stddev=0.02),
        ... ).count_params()
        488002
    """
    shape = check_shape(image_shape, kinds=tuple(SAMPLES.values()))
    check_positive(latent_dim=latent_dim, **{f"units[{i}]": n for i, n in enumerate(units)})
    num_classes = check_classes(num_classes)
    if initializer is None:
        initializer = keras.initializers.RandomUniform(-0.05, 0.05)
    if output_activation is None:
        output_activation = "tanh" if kind_of(shape).is_pixels else "linear"

    noise = keras.Input((latent_dim,), name="noise")
    inputs, x, embedded = join_class(noise, num_classes, embedding_dim)
    condition = embedded if conditional_normalization else None
    for i, width in enumerate(units, 1):
        x = layers.Dense(
            width, use_bias=use_bias, kernel_initializer=fresh(initializer), name=f"dense_{i}"
        )(x)
        if batch_norm:
            x = normalize(
                x, "batch", name=f"norm_{i}", synchronized=synchronized_bn, condition=condition
            )
        x = activate(x, activation, name=f"activation_{i}")
    x = layers.Dense(
        math.prod(shape),
        activation=output_activation,
        kernel_initializer=fresh(initializer),
        dtype="float32",
        name="output",
    )(x)
    if len(shape) > 1:
        x = layers.Reshape(shape, dtype="float32", name="image")(x)
    return keras.Model(inputs, x, name=name)


def mlp_discriminator(
    image_shape: Sequence[int],
    num_classes: int | None = None,
    packing: int = 1,
    *,
    units: Sequence[int] = (240, 240),
    maxout_pieces: int = 5,
    activation: str = "relu",
    input_dropout: float = 0.2,
    dropout: float = 0.5,
    initializer: Any = None,
    seed: int = 0,
    name: str = "discriminator",
) -> keras.Model:
    """Fully connected discriminator (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661).

    The defaults are the authors' MNIST discriminator: two layers of 240 maxout units of 5 pieces,
    weights U(-0.005, 0.005), with dropout of 0.2 of the pixels and of half of the hidden units.

    Args:
        image_shape: `(height, width, channels)`, or the shape of points or voxels. A packed
            discriminator (PacGAN) has m times the channels or dimensions.
        num_classes: Number of classes, for a network of [images, labels]; None for one without.
        packing: Samples in a pack, of which each has a label; without classes it has no meaning.
        units: Width of each hidden layer.
        maxout_pieces: Pieces of each maxout unit; 0 for dense layers with `activation` instead.
        activation: Activation without maxout, by its Keras name (`leaky_relu`: slope 0.2).
        input_dropout: Probability of dropping an input, in [0, 1).
        dropout: Probability of dropping a hidden unit, in [0, 1).
        initializer: Initializer of every kernel, as Keras takes it; None is U(-0.005, 0.005).
        seed: Seed of the dropout masks.
        name: Name of the model.

    Returns:
        A model from samples `[B, *image_shape]` to float32 logits `[B, 1]`.

    Raises:
        InputError: If a shape, a size or a rate is invalid.

    Example:
        >>> mlp_discriminator((28, 28, 1)).output_shape
        (None, 1)
        >>> # Gulrajani et al. 2017, 2-D toy data:
        >>> critic = mlp_discriminator(
        ...     (2,), units=(512, 512, 512), maxout_pieces=0, input_dropout=0.0, dropout=0.0,
        ...     initializer="he_uniform",
        ... )
        >>> # Lin et al. 2018 (PacGAN), pairs of 2-D points:
        >>> packed = mlp_discriminator(
        ...     (4,), units=(200, 200, 200), maxout_pieces=5, input_dropout=0.0, dropout=0.0,
        ...     initializer=keras.initializers.RandomNormal(stddev=0.02),
        ... )
    """
    shape = check_shape(image_shape, kinds=tuple(SAMPLES.values()))
    check_positive(**{f"units[{i}]": n for i, n in enumerate(units)})
    num_classes = check_classes(num_classes, packing)
    if maxout_pieces != 0:
        check_positive(maxout_pieces=maxout_pieces)
    if initializer is None:
        initializer = keras.initializers.RandomUniform(-0.005, 0.005)

    inputs = keras.Input(shape, name="image")
    x = layers.Flatten(name="flatten")(inputs) if len(shape) > 1 else inputs
    if input_dropout:
        x = StatelessDropout(input_dropout, seed, name="dropout_0")(x)
    for i, width in enumerate(units, 1):
        if maxout_pieces:
            x = Maxout(
                width, maxout_pieces, kernel_initializer=fresh(initializer), name=f"maxout_{i}"
            )(x)
        else:
            x = layers.Dense(width, kernel_initializer=fresh(initializer), name=f"dense_{i}")(x)
            x = activate(x, activation, name=f"activation_{i}")
        if dropout:
            x = StatelessDropout(dropout, seed, name=f"dropout_{i}")(x)
    all_inputs, x = judge(inputs, x, num_classes, packing, lambda: fresh(initializer))
    return keras.Model(all_inputs, x, name=name)
