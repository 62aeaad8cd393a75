"""Distances between images in features of a frozen network, or of a game's discriminator."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.losses.reconstruction import l1, mse

#: One tensor for each layer, or a tensor alone.
Layers: TypeAlias = "tf.Tensor | Sequence[tf.Tensor]"


def feature_loss(
    features: Layers,
    wanted: Layers,
    weights: Sequence[float] | None = None,
    distance: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = mse,
) -> tf.Tensor:
    """sum_l w_l E (phi_l(x) - phi_l(y))^2 over layers l of a frozen network, in float32.

    The content loss of Johnson et al. 2016 (https://arxiv.org/abs/1603.08155, equation 2), and of
    SRGAN with one layer. The mean of each layer is over all its values.

    Args:
        features: phi_l(x), a tensor `[B, ...]` for each layer, or one tensor.
        wanted: phi_l(y), of the same shapes.
        weights: w_l, one for each layer; None for 1 each.
        distance: Function of two tensors; `losses.l1` is the other common one.

    Raises:
        InputError: If the numbers of layers or weights differ, there is no layer, the features of a
            layer have another shape, or weights are no list.

    Example:
        >>> x, y = [tf.ones([1, 2]), tf.ones([1, 3])], [tf.zeros([1, 2]), tf.fill([1, 3], 3.0)]
        >>> float(feature_loss(x, y, weights=[1.0, 0.5]))  # 1 + 4 / 2
        3.0
    """
    return _weighted(distance, features, wanted, weights)


def feature_matching(
    fake: Sequence[Sequence[tf.Tensor]], real: Sequence[Sequence[tf.Tensor]]
) -> tf.Tensor:
    """1/S sum_s 4/L sum_l E|D_s^l(fake) - D_s^l(real)|, in float32.

    Feature matching of pix2pixHD (Wang et al. 2018, https://arxiv.org/abs/1711.11585, equation 4),
    weighted as in its authors' code, over the S scales and L layers of a discriminator D. No
    gradient passes through the features of real images.

    Args:
        fake: A list for each scale, of a tensor `[B, ...]` for each layer: features of fakes.
        real: Features of the real images, of the same shapes.

    Raises:
        InputError: If the numbers of scales or layers differ, or there are none.

    Example:
        >>> one, two = [tf.ones([1, 2]), tf.zeros([1, 3])], [tf.zeros([1, 2]), tf.ones([1, 3])]
        >>> float(feature_matching([one], [two])), float(feature_matching([one, one], [two, one]))
        (4.0, 2.0)
    """
    if len(fake) != len(real):
        raise InputError(f"real: expected {len(fake)} scales, got {len(real)}.")
    if not all([fake, *fake]):
        raise InputError("fake: expected a layer or more at each scale, got none.")
    scales = []
    for made, wanted in zip(fake, real, strict=True):
        stopped = [tf.stop_gradient(layer) for layer in wanted]
        weights = [4.0 / (len(fake) * len(made))] * len(made)
        scales.append(feature_loss(made, stopped, weights, distance=l1))
    return tf.add_n(scales)


def gram_matrix(features: tf.Tensor) -> tf.Tensor:
    """F^T F / (H W C), how strongly channels occur together, wherever they do; float32 `[B, C, C]`.

    Args:
        features: Features F, `[B, H, W, C]`, of any height and width.

    Raises:
        InputError: If features have another number of axes.

    Example:
        >>> pixels = tf.reshape(tf.constant([1.0, 0.0, 2.0, 2.0]), [1, 2, 1, 2])
        >>> gram_matrix(pixels).numpy().tolist()
        [[[1.25, 1.0], [1.0, 1.0]]]
    """
    features = tf.cast(features, tf.float32)
    if features.shape.rank != 4:
        raise InputError(
            f"features: expected shape [B, H, W, C] for a Gram matrix, got {features.shape}."
        )
    size = tf.cast(tf.reduce_prod(tf.shape(features)[1:]), tf.float32)
    return tf.einsum("bhwc,bhwd->bcd", features, features) / size


def gram_loss(
    features: Layers, wanted: Layers, weights: Sequence[float] | None = None
) -> tf.Tensor:
    """sum_l w_l E (G_l(x) - G_l(y))^2, G the Gram matrices of layers l: a style loss, in float32.

    Gatys et al. 2015 (https://arxiv.org/abs/1508.06576), normalised as in the code of Johnson et
    al. 2016 (https://arxiv.org/abs/1603.08155): Gram matrices are divided by H W C, and the mean is
    over their C^2 entries. The term of a layer in Gatys et al. is C^2 / 4 times as large.

    Args:
        features: Features of x, a tensor `[B, H, W, C]` for each layer, or one tensor.
        wanted: Features of the image y whose style is wanted. It may have another size, and one
            image serves a whole batch.
        weights: w_l, one for each layer; None for 1 each.

    Raises:
        InputError: If the numbers of layers, weights or channels differ, features are not
            `[B, H, W, C]`, or weights are no list.

    Example:
        >>> float(gram_loss(tf.ones([1, 4, 4, 2]), tf.zeros([1, 8, 8, 2])))  # (1 / 2)^2
        0.25
    """

    def between(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        made, seen = gram_matrix(x), gram_matrix(y)
        if made.shape[-1] != seen.shape[-1]:
            raise InputError(f"wanted: expected {made.shape[-1]} channels, got {seen.shape[-1]}.")
        return tf.reduce_mean((made - seen) ** 2)

    return _weighted(between, features, wanted, weights)


def _weighted(
    distance: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    features: Layers,
    wanted: Layers,
    weights: Sequence[float] | None,
) -> tf.Tensor:
    found, expected = _listed(features), _listed(wanted)
    if not found:
        raise InputError("features: expected a layer or more, got none.")
    if len(found) != len(expected):
        raise InputError(f"wanted: expected {len(found)} layers, got {len(expected)}.")
    scales = _weights(weights, len(found))
    if len(scales) != len(found):
        raise InputError(f"weights: expected {len(found)}, one for each layer, got {len(scales)}.")
    terms = [w * distance(x, y) for w, x, y in zip(scales, found, expected, strict=True)]
    return tf.add_n(terms)


def _weights(weights: Sequence[float] | None, number: int) -> list[float]:
    if weights is None:
        return [1.0] * number
    try:
        return list(weights)
    except TypeError:
        raise InputError(
            f"weights: expected a list of {number}, one for each layer, got {weights!r}."
        ) from None


def _listed(features: Layers) -> list[Any]:
    return list(features) if isinstance(features, (list, tuple)) else [features]
