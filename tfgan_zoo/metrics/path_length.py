"""Perceptual path length: how smoothly images change along a path between latents."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.metrics.base import FeatureExtractor, metric_name
from tfgan_zoo.networks.vgg_features import vgg19_features

#: Function of two batches of images, floats in [-1, 1], that returns squared distances, (B,).
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]

INTERPOLATIONS = ("spherical", "linear")


def perceptual_path_length(
    generate: Callable[..., np.ndarray],
    latent_dim: int,
    distance: Distance,
    *,
    num: int = 10_000,
    eps: float = 1e-4,
    latent_distribution: str = "normal",
    interpolation: str | None = None,
    batch_size: int = 64,
    seed: int = 0,
) -> float:
    r"""Path length of a generator (Karras et al. 2019, https://arxiv.org/abs/1812.04948, 4.1).

        \(mean\ d(G(path(z_1, z_2; t)), G(path(z_1, z_2; t + eps))) / eps^2\)

    over pairs of latents and t from U(0, 1), without the lowest and highest percent of the values,
    as in the authors' code. Lower is smoother.

    Karras et al. use LPIPS by VGG16 for d, see `lpips_distance`. Values with another d can be
    compared with one another, but not with published ones.

    Args:
        generate: Function of `latents=`, shape (B, latent_dim), that returns float images, such as
            a model's `generate`. In uint8 most pixels of two images so close would be equal.
        latent_dim: Length of a latent.
        distance: A distance such as `lpips_distance(file)` or `embedding_distance(extractor)`.
        num: Number of pairs; usually 100,000 or 50,000.
        eps: The step. For float32 images noise of about 1e-7 / eps per pixel remains.
        latent_distribution: The model's latent distribution: "normal", N(0, 1), or "uniform",
            U(-1, 1).
        interpolation: "spherical", along a great circle with the length of latents of N(0, I), as
            the authors do in Z; or "linear", as they do in W. None for spherical if latents are
            normal, and linear if they are uniform, as great circles leave the cube.
        batch_size: Pairs per batch.
        seed: Seed of the pairs.

    Returns:
        The mean.

    Raises:
        InputError: If an argument is out of range, or a distance is not finite.

    Example:
        >>> def generate(latents):
        ...     return latents
        >>> def distance(a, b):
        ...     return np.sum((a - b) ** 2, axis=1)
        >>> length = perceptual_path_length(  # E|z1 - z2|^2 = 2 dim
        ...     generate, 8, distance, num=2000, eps=1e-2, interpolation="linear"
        ... )
        >>> round(length)
        16
    """
    if latent_distribution not in ("normal", "uniform"):
        raise InputError(
            f"latent_distribution: expected normal or uniform, got {latent_distribution!r}."
        )
    uniform = latent_distribution == "uniform"
    interpolation = interpolation or INTERPOLATIONS[uniform]
    if interpolation not in INTERPOLATIONS[uniform:]:
        raise InputError(
            f"interpolation: expected {' or '.join(INTERPOLATIONS[uniform:])} for "
            f"{latent_distribution} latents, got {interpolation!r}."
        )
    if num < 1 or batch_size < 1:
        raise InputError(f"num, batch_size: expected numbers from 1 up, got {num}, {batch_size}.")
    if not 0 < eps < 1:
        raise InputError(f"eps: expected a number between 0 and 1, got {eps}.")
    path = spherical if interpolation == "spherical" else linear
    random = np.random.default_rng(check_seed(seed, least=0))
    values = []
    for start in range(0, num, batch_size):
        n = min(batch_size, num - start)
        shape = (2, n, latent_dim)
        ends = random.uniform(-1, 1, shape) if uniform else random.standard_normal(shape)
        t = random.random((n, 1))
        latents = [path(ends[0], ends[1], each).astype(np.float32) for each in (t, t + eps)]
        images = np.asarray(generate(latents=np.concatenate(latents)))
        values.append(np.asarray(distance(images[:n], images[n:]), np.float64) / eps**2)
    lengths = np.concatenate(values)
    if not np.isfinite(lengths).all():
        raise InputError("distance: expected finite numbers, got NaN or infinity.")
    low = np.percentile(lengths, 1, method="lower")
    high = np.percentile(lengths, 99, method="higher")
    return float(lengths[(low <= lengths) & (lengths <= high)].mean())


def linear(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns `a + t (b - a)` for a and b of shape (B, dim) and t of shape (B, 1)."""
    return a + t * (b - a)


def spherical(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Walks the great circle between the directions of a and b, like StyleGAN's `slerp`.

    `pictures.slerp`, in contrast, keeps the lengths of a and b.

    Args:
        a: Array of shape (B, dim).
        b: Array of shape (B, dim).
        t: Array of shape (B, 1); 0 at a, 1 at b.

    Returns:
        Vectors of length sqrt(dim), about the length of latents of N(0, I). StyleGAN leaves the
        length at 1, because its generator normalizes latents to sqrt(dim) itself.

    Example:
        >>> spherical(np.array([[3.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([[1 / 3]])).round(3)
        array([[1.225, 0.707]])
    """
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    angle = np.arccos(np.clip((a * b).sum(axis=1, keepdims=True), -1, 1))
    aside = b - a * np.cos(angle)
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-12)
    return np.sqrt(a.shape[1]) * (a * np.cos(t * angle) + aside * np.sin(t * angle))


class _Named:
    """A distance with a name."""

    def __init__(self, name: str, distance: Distance):
        self.name = name
        self._distance = distance

    def __call__(self, a: Any, b: Any) -> np.ndarray:
        return self._distance(a, b)


def embedding_distance(features: FeatureExtractor) -> Distance:
    """Squared Euclidean distance of an extractor's features.

    Args:
        features: The extractor. Its method `of_floats` is used if it has one, like those of this
            library. An extractor without `of_floats` is called directly and should not round: with
            eps = 1e-4 most uint8 pixels would be equal.

    Returns:
        A function of two batches of images that returns distances of shape (B,), with a `name`.
    """
    compute = getattr(features, "of_floats", features)

    def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        difference = np.asarray(compute(a)[0], np.float64) - np.asarray(compute(b)[0], np.float64)
        return (difference * difference).sum(axis=1)

    return _Named(metric_name("embedding_distance", features), distance)


def feature_distance(
    layers: Sequence[str] = ("1_2", "2_2", "3_4", "4_4", "5_4"), weights: Any = "imagenet"
) -> Distance:
    """Squared distance of VGG19 activations, similar to LPIPS but not the same.

    Activations are normalized to length 1 over channels at every position. Squared differences are
    averaged over positions and summed over layers. LPIPS (Zhang et al. 2018,
    https://arxiv.org/abs/1801.03924) uses VGG16 and weights channels by human judgement, so values
    cannot be compared with those of `lpips_distance`.

    Args:
        layers: Names of layers, see `networks.vgg_features.vgg19_features`; by default the last of
            each block.
        weights: See `vgg19_features`; None for random weights.

    Returns:
        A function of two batches of images that returns distances of shape (B,), with a `name`.

    Example:
        >>> distance = feature_distance(["1_1"], weights=None)
        >>> image = np.zeros((1, 32, 32, 3), "float32")
        >>> distance(image, image)
        array([0.])
    """
    network = _vgg19(layers, weights)

    @tf.function(autograph=False)
    def compared(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        # Keras returns no list for a single layer.
        pairs = zip(tf.nest.flatten(network(a)), tf.nest.flatten(network(b)), strict=True)
        units = [[tf.cast(tf.math.l2_normalize(x, -1), tf.float64) for x in pair] for pair in pairs]
        return sum(
            tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(x, y), -1), axis=[1, 2])
            for x, y in units
        )

    def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return compared(tf.cast(a, tf.float32), tf.cast(b, tf.float32)).numpy()

    return _Named(f"feature_distance[vgg19_{'+'.join(layers)}]", distance)


def _vgg19(layers: Sequence[str], weights: Any) -> keras.Model:
    """Returns a network with several activations of VGG19 as outputs."""
    if not layers:
        raise InputError("layers: expected one or more layers of VGG19, got none.")
    wanted = {f"block{i}_conv{j}" for i, j in (layer.split("_") for layer in layers)}
    whole = vgg19_features(max(layers), weights=weights)
    inputs = x = keras.Input((None, None, None))
    outputs = []
    for layer in whole.layers[1:-1]:  # without the input and the scale of SRGAN's loss
        x = layer(x)
        if layer.name in wanted:
            outputs.append(x)
    return keras.Model(inputs, outputs)
