"""GAN-CLS' networks: DCGAN's, conditioned on a text."""

from collections.abc import Sequence

import keras
from keras import layers

from tfgan_zoo.networks.common import (
    activate,
    check_choice,
    check_doublings,
    check_positive,
    fresh,
    normal_around_one,
    normalize,
    small_normal,
)
from tfgan_zoo.networks.dcgan import dcgan_generator, halve


def text_conditional_generator(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    embedding_dim: int = 1024,
    *,
    projected: int = 128,
    filters: int = 64,
    kernel_size: int = 4,
    upsampling: str = "transposed",
    normalization: str = "batch",
    projection: str = "keras",
    synchronized_bn: bool = False,
    name: str = "generator",
) -> keras.Model:
    """GAN-CLS' generator (Reed et al. 2016, https://arxiv.org/abs/1605.05396, section 4.1).

    The embedding of a text is projected to `projected` numbers, with LeakyReLU of slope 0.2, and
    appended to the noise, as input of DCGAN's generator (see `dcgan_generator`).

    Departures from the authors' code (https://github.com/reedscot/icml2016, main_cls_int.lua):

    - It has 128 filters, and `projection="torch"`.
    - It has residual blocks at 4x4 and 8x8, each with a ReLU after it instead of before it. The
      paper does not mention them, and this network does not have them.
    - It resets the biases of all convolutions to 0 before each step. Here the last layer has a
      trainable bias.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        latent_dim: Size of the noise vector.
        embedding_dim: Length of the embedding.
        projected: Size that the embedding is projected to.
        filters: Feature maps of the last hidden layer; each layer before it has twice as many.
        kernel_size: Side of the kernels.
        upsampling: `transposed` or `resize`, as for `dcgan_generator`.
        normalization: `batch` or `none`.
        projection: Initializers of the embedding's projection: `keras`, Glorot's uniform weights
            and biases of 0; or `torch`, weights and biases U(-1/sqrt(D), 1/sqrt(D)) with D =
            `embedding_dim`, as in the authors' code.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from a list of noise `[B, latent_dim]` and embeddings `[B, embedding_dim]` to
        float32 images `[B, *image_shape]` in [-1, 1].

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = text_conditional_generator((64, 64, 3))
        >>> model.get_layer("dcgan").input_shape
        (None, 228)
    """
    check_positive(latent_dim=latent_dim, embedding_dim=embedding_dim, projected=projected)
    initial = _initial(projection, embedding_dim)
    draw = dcgan_generator(
        image_shape,
        latent_dim + projected,
        filters=filters,
        kernel_size=kernel_size,
        upsampling=upsampling,
        normalization=normalization,
        synchronized_bn=synchronized_bn,
        name="dcgan",
    )
    noise = keras.Input((latent_dim,), name="noise")
    embedding = keras.Input((embedding_dim,), name="embedding")
    # With N(0, 0.02), as elsewhere, a text would be small beside the noise.
    text = layers.Dense(projected, name="text", **initial)(embedding)
    text = activate(text, "leaky_relu", name="text_lrelu")
    x = layers.Concatenate(name="noise_and_text")([noise, text])
    return keras.Model([noise, embedding], draw(x), name=name)


def text_conditional_discriminator(
    image_shape: Sequence[int],
    embedding_dim: int = 1024,
    *,
    projected: int = 128,
    filters: int = 64,
    kernel_size: int = 4,
    normalization: str = "batch",
    projection: str = "keras",
    normalize_text: bool = False,
    synchronized_bn: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """GAN-CLS' discriminator (Reed et al. 2016, https://arxiv.org/abs/1605.05396, section 4.1).

    DCGAN's convolutions (see `dcgan_discriminator`) lead down to 4x4. There the embedding of a
    text, projected to `projected` numbers, is appended to the features of every pixel; a 1x1
    convolution mixes them, and a dense layer yields one logit. LeakyReLU of slope 0.2 follows all
    but the last; normalisation follows all but the first convolution and the projection.

    Departures from the authors' code (https://github.com/reedscot/icml2016):

    - It has `projection="torch"`. Its script with GAN-INT, main_cls_int.lua, has
      `normalize_text=True` as well; main_cls.lua does not.
    - main_cls_int.lua has no LeakyReLU after the third convolution. Here there is one.
    - Both scripts define a residual block at 4x4, but add an undefined `skipD` in its place. This
      network has no such block.
    - They reset the biases of all convolutions to 0 before each step. Here the first convolution
      and the logit have trainable biases.

    Args:
        image_shape: `(height, width, channels)`, see `common.check_doublings`.
        embedding_dim: Length of the embedding.
        projected: Size that the embedding is projected to.
        filters: Feature maps of the first convolution; each after it has twice as many, and the
            1x1 convolution as many as the last of those.
        kernel_size: Side of the kernels.
        normalization: `batch`, `layer` (for a critic under a gradient penalty) or `none`.
        projection: Initializers of the embedding's projection, `keras` or `torch`; see
            `text_conditional_generator`.
        normalize_text: Whether batch normalisation follows the projection.
        synchronized_bn: Whether batch statistics are computed over all replicas.
        name: Name of the model.

    Returns:
        A model from a list of images `[B, *image_shape]` and embeddings `[B, embedding_dim]` to
        float32 logits `[B, 1]`.

    Raises:
        InputError: If the shape, a size or a choice is invalid.

    Example:
        >>> model = text_conditional_discriminator((64, 64, 3))
        >>> model.get_layer("image_and_text").output.shape
        (None, 4, 4, 640)
    """
    shape, halvings, last = check_doublings(image_shape)
    check_positive(
        embedding_dim=embedding_dim, projected=projected, filters=filters, kernel_size=kernel_size
    )
    check_choice("normalization", normalization, ("batch", "layer", "none"))
    initial = _initial(projection, embedding_dim)

    image = keras.Input(shape, name="image")
    embedding = keras.Input((embedding_dim,), name="embedding")
    x = halve(image, halvings, filters, kernel_size, normalization, synchronized_bn)
    text = layers.Dense(projected, name="text", **initial)(embedding)
    if normalize_text:
        text = normalize(
            text, "batch", name="text_norm", gamma=normal_around_one(), synchronized=synchronized_bn
        )
    text = activate(text, "leaky_relu", name="text_lrelu")
    text = layers.Reshape((1, 1, projected), name="text_map")(text)
    text = layers.UpSampling2D(last, interpolation="nearest", name="text_tiled")(text)
    x = layers.Concatenate(name="image_and_text")([x, text])
    x = layers.Conv2D(
        filters * 2 ** (halvings - 1),
        1,
        use_bias=normalization != "batch",
        kernel_initializer=small_normal(),
        name="mix",
    )(x)
    x = normalize(
        x, normalization, name="norm_mix", gamma=normal_around_one(), synchronized=synchronized_bn
    )
    x = activate(x, "leaky_relu", name="lrelu_mix")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(1, kernel_initializer=small_normal(), dtype="float32", name="logits")(x)
    return keras.Model([image, embedding], x, name=name)


def _initial(projection: str, embedding_dim: int) -> dict[str, keras.initializers.Initializer]:
    """Returns the initializers of the embedding's projection, as arguments of a dense layer."""
    check_choice("projection", projection, ("keras", "torch"))
    if projection == "keras":
        return {}
    bound = embedding_dim**-0.5
    draw = keras.initializers.RandomUniform(-bound, bound)
    return {"kernel_initializer": fresh(draw), "bias_initializer": fresh(draw)}
