"""Deep reconstruction: images that have given features."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, NoReturn

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, noise, progress
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.models.mechanics.arguments import check_range
from tfgan_zoo.models.mechanics.frozen import check_features_file
from tfgan_zoo.models.mechanics.parts import as_images
from tfgan_zoo.networks import feature_network
from tfgan_zoo.networks.features import FeatureInput, layers_of, tapped_model

#: Root mean square of the pixels of photographs less their mean colour: the authors' norm of
#: 2.71e4 for 227x227 colour images in 0 to 255 is 69 for each value.
SIGMA = 69 / 127.5

#: The authors' rates for 100, 200 and 100 steps, relative to the first, and where two of them end.
_RATES, _ENDS = (1.0, 0.1, 0.01), (0.25, 0.75)
_MOMENTUM = 0.9
#: Rate and number of steps of each optimizer.
_DEFAULTS = {"adam": (0.05, 300), "sgd": (0.004, 400)}
#: Size of the noise at the start, relative to photographs.
_START = {"adam": 0.1, "sgd": 1.0}
#: Least size of features that differences are divided by.
_TINY = 1e-12

State = tuple[tf.Tensor, tf.Tensor]
Step = tuple[tf.Tensor, State]


class Inverted(NamedTuple):
    """What `FeatureInversion.invert` returns.

    Attributes:
        images: float32 `[num, H, W, C]`, about in [-1, 1]: nothing clips them.
        error: float32 `[num]`, |phi(x) - phi(x0)|^2 / |phi(x0)|^2 of each.
    """

    images: np.ndarray
    error: np.ndarray


class FeatureInversion:
    """Inverts the features of a network. Mahendran and Vedaldi 2014, arXiv 1412.0035.

    Nothing is trained: from noise, an image x is changed until its features are those of an image
    x0, and what it shows is what the layer phi keeps of x0:

        |phi(x) - phi(x0)|^2 / |phi(x0)|^2
          + (alpha_weight E|x|^alpha + tv_weight E(dx^2 + dy^2)^(beta/2)) / sigma^2,

    with `losses.alpha_norm`, `losses.total_variation` and sigma the root mean square of pixels of
    photographs, all for pixels in [-1, 1]. With a style image y, the Gram matrices G of some layers
    are compared too (Gatys et al. 2015, https://arxiv.org/abs/1508.06576):

        + style_weight mean_l E(G_l(x) - G_l(y))^2 / E G_l(y)^2.

    Departures from the authors' code (https://github.com/aravindhm/deep-goggle):

    - Pixels are in [-1, 1] instead of 0 to 255 less the mean colour, and sums are means. The
      weights there mean the same here, but for alpha's, which is 4e-10 there.
    - Adam is the default. It starts from noise a tenth as large as photographs: from noise as large
      as they are, the error of a deep layer stays many times as high. "sgd" is theirs: such large
      noise; momentum 0.9, reset at each change of the rate, which is 0.004 for a quarter of the
      steps, a tenth of it for half and a hundredth for the last quarter.
    - Their published pictures are stretched to the full range, and their network normalises before
      it pools.

    Args:
        features: A network by its name in `networks.features`, such as "figures_v1", without a
            layer; or a Keras model from images in [-1, 1].
        features_file: File of VGG19's weights, if that is the network; None to download them.
        tv_weight: The authors' 0.5 suits early layers, 5 those in the middle, 50 the last.
        tv_beta: The exponent beta, from 1 up.
        alpha_weight: Weight of the alpha norm.
        alpha: Its exponent, from 1 up.
        optimizer: "adam", whose rate falls to 0 in the second half, or "sgd".
        learning_rate: None for 0.05 of Adam and 0.004 of SGD, which is relative to sigma.
        steps: None for 300 of Adam and 400 of SGD.
        jitter: Largest number of pixels by which x is moved, to and fro, before each comparison.
        batch_size: Images at a time; one does not depend on the others.
        seed: Seed of the noise and of the jitter.

    Raises:
        InputError: If there is no such network, or an argument is out of range.

    Example:
        >>> inversion = tfgan_zoo.FeatureInversion("efficientnet_lite0")
        >>> images, error = inversion.invert(photographs, "block3")
    """

    def __init__(
        self,
        features: str | keras.Model,
        *,
        features_file: str | os.PathLike | None = None,
        tv_weight: float = 0.5,
        tv_beta: float = 2.0,
        alpha_weight: float = 0.106,
        alpha: float = 6.0,
        optimizer: Literal["adam", "sgd"] = "adam",
        learning_rate: float | None = None,
        steps: int | None = None,
        jitter: int = 0,
        batch_size: int = 16,
        seed: int = 0,
    ):
        self.features = features
        self.features_file = check_features_file(features_file, features)
        #: Names of the network's layers, from the image on.
        self.layers: tuple[str, ...] = layers_of(features)
        for name, weight in (("tv_weight", tv_weight), ("alpha_weight", alpha_weight)):
            check_number(name, weight, least=0)
        for name, exponent in (("tv_beta", tv_beta), ("alpha", alpha)):
            check_number(name, exponent, least=1)
        if not isinstance(optimizer, str) or optimizer not in _DEFAULTS:
            raise InputError(f"optimizer: expected adam or sgd, got {optimizer!r}.")
        rate, number = _DEFAULTS[optimizer]
        self.learning_rate = rate if learning_rate is None else learning_rate
        self.steps = number if steps is None else steps
        check_number("learning_rate", self.learning_rate, above=0)
        check_number("steps", self.steps, least=1, whole=True)
        check_number("jitter", jitter, least=0, whole=True)
        check_number("batch_size", batch_size, least=1, whole=True)
        self.tv_weight, self.tv_beta = float(tv_weight), float(tv_beta)
        self.alpha_weight, self.alpha = float(alpha_weight), float(alpha)
        self.optimizer = optimizer
        self.jitter = int(jitter)
        self.batch_size = int(batch_size)
        self.seed = check_seed(seed)
        self._networks: dict[tuple[str, ...], keras.Model] = {}

    def invert(
        self,
        images: np.ndarray,
        layer: str,
        *,
        centre: int | None = None,
        style: np.ndarray | None = None,
        style_layers: Sequence[str] | None = None,
        style_weight: float = 1.0,
    ) -> Inverted:
        """Finds images that have the features of others.

        Args:
            images: x0, `[num, H, W, C]`, uint8 or floats in [-1, 1].
            layer: The layer phi.
            centre: Compares the middle `centre` x `centre` positions of the layer alone; None for
                all.
            style: An image y `[H, W, C]` whose style x gets; None for none.
            style_layers: Layers that see the style; None for `layer`.
            style_weight: Weight of the style.

        Raises:
            InputError: If there is no such layer, the images are of another kind than the network
                takes, the layer is no map where a map is needed, or all features of an image are 0.
        """
        check_number("style_weight", style_weight, least=0)
        if centre is not None:
            check_number("centre", centre, least=1, whole=True)
        given = _as_floats(images, "images")
        if isinstance(style_layers, str):
            style_layers = [style_layers]
        styled = () if style is None else tuple(style_layers or (layer,))
        for name in (layer, *styled):
            if not isinstance(name, str):
                raise InputError(f"layer: expected the name of a layer, got {name!r}.")
        network = self._network((layer, *styled))
        _check_takes(network, given, "images")

        def computed(x: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
            """Returns phi(x), and the features of the layers that see the style."""
            first, *others = tf.nest.flatten(network(x, training=False))
            named = {layer: first, **dict(zip(_others(layer, styled), others, strict=True))}
            return _middle(tf.cast(first, tf.float32), centre), [named[name] for name in styled]

        wanted: list[tf.Tensor] = []
        if style is not None:
            if np.ndim(style) != 3:
                raise InputError(f"style: expected shape [H, W, C], got {np.shape(style)}.")
            pattern = _as_floats(np.asarray(style)[np.newaxis], "style")
            _check_takes(network, pattern, "style")
            wanted = computed(pattern)[1]
            for name, seen in zip(styled, wanted, strict=True):
                if seen.shape.rank != 4:
                    raise InputError(
                        f"style_layers: expected layers with positions, got {name!r}; choose "
                        "convolutional layers."
                    )

        def objective(x: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
            """Returns the sum over the images, each of which gets the gradient of its own term."""
            num = tf.cast(tf.shape(x)[0], tf.float32)
            phi, seen = computed(x)
            prior = self.alpha_weight * losses.alpha_norm(x, self.alpha)
            prior += self.tv_weight * losses.total_variation(x, self.tv_beta)
            loss = tf.reduce_sum(_relative_error(phi, target)) + num * prior / SIGMA**2
            for each, other in zip(seen, wanted, strict=True):
                size = tf.reduce_mean(losses.gram_matrix(other) ** 2)
                weight = style_weight / len(wanted)
                loss += num * weight * losses.gram_loss(each, other) / tf.maximum(size, _TINY)
            return loss

        update = self._update(objective)
        found, errors = [], []
        starts = range(0, len(given), self.batch_size)
        due = ((start, i) for start in starts for i in range(self.steps))
        for start, i in progress.bar(due, layer, len(starts) * self.steps, "steps"):
            if i == 0:
                x0 = given[start : start + self.batch_size]
                target, x = computed(x0)[0], self._noise(x0, start)
                _check_not_zero(target, start, layer)
                state = (tf.zeros_like(x), tf.zeros_like(x))
            shift = self._shift(i)
            x, state = _moved(x, state, shift)
            x, state = update(x, state, target, *self._rate(i))
            x, state = _moved(x, state, -shift)
            if i == self.steps - 1:
                found.append(x.numpy())
                errors.append(_relative_error(computed(x)[0], target).numpy())
        return Inverted(np.concatenate(found), np.concatenate(errors))

    def export(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Says that there is nothing to export.

        Raises:
            InputError: Always.
        """
        raise InputError(
            "FeatureInversion: there is nothing to save or export, as it trains no network; save "
            "the images that `invert` returns."
        )

    save = export

    def _network(self, layers: tuple[str, ...]) -> keras.Model:
        """Returns the network to some layers, each once."""
        layers = tuple(dict.fromkeys(layers))
        if layers not in self._networks:
            if isinstance(self.features, str):
                name = f"{self.features}:{','.join(layers)}"
                made = feature_network(name, weights=self.features_file or "imagenet")
            else:
                made = tapped_model(self.features, layers)
            self._networks[layers] = made
        return self._networks[layers]

    def _noise(self, images: tf.Tensor, start: int) -> tf.Tensor:
        """Returns noise of the images' shape; that of an image depends on its number alone."""
        size = SIGMA * _START[self.optimizer]
        return size * tf.stack(
            [
                noise.normal(noise.key(self.seed, "inversion", start + i), images.shape[1:])
                for i in range(len(images))
            ]
        )

    def _shift(self, step: int) -> tf.Tensor:
        """Returns by how many pixels a step moves the images, along both axes."""
        if not self.jitter:
            return tf.zeros([2], tf.int32)
        key = noise.key(self.seed, "jitter", step)
        return noise.integers(key, 2, 2 * self.jitter + 1) - self.jitter

    def _rate(self, step: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the rate of a step, and its number since the state of the optimizer was new."""
        rate, since = self.learning_rate * min(1.0, 2 * (1 - step / self.steps)), step
        if self.optimizer == "sgd":
            ends = [0, *(max(1, round(share * self.steps)) for share in _ENDS)]
            part = max(i for i, end in enumerate(ends) if step >= end)
            rate, since = self.learning_rate * _RATES[part], step - ends[part]
        return tf.constant(rate, tf.float32), tf.constant(since, tf.float32)

    def _update(self, objective: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Callable:
        """Returns a step of the optimizer: from images and its state to the next ones."""

        def adam(gradient: tf.Tensor, state: State, rate: tf.Tensor, since: tf.Tensor) -> Step:
            first = 0.9 * state[0] + 0.1 * gradient
            second = 0.999 * state[1] + 0.001 * gradient**2
            mean, square = first / (1 - 0.9 ** (since + 1)), second / (1 - 0.999 ** (since + 1))
            return -rate * mean / (tf.sqrt(square) + 1e-8), (first, second)

        def sgd(gradient: tf.Tensor, state: State, rate: tf.Tensor, since: tf.Tensor) -> Step:
            # Relative to |x|^2 of a photograph, so that units of pixels do not matter.
            norm = SIGMA**2 * tf.cast(tf.reduce_prod(tf.shape(gradient)[1:]), tf.float32)
            moved = _MOMENTUM * tf.where(since > 0, state[0], 0.0) - rate * norm * gradient
            return moved, (moved, state[1])

        by = adam if self.optimizer == "adam" else sgd

        @tf.function(autograph=False)
        def update(
            x: tf.Tensor, state: State, target: tf.Tensor, rate: tf.Tensor, since: tf.Tensor
        ) -> Step:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                loss = objective(x, target)
            step, state = by(tape.gradient(loss, x), state, rate, since)
            return x + step, state

        return update


def _relative_error(phi: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Returns |phi - target|^2 / |target|^2 of each image."""
    axes = list(range(1, target.shape.rank))
    apart = tf.reduce_sum((phi - target) ** 2, axes)
    return apart / tf.maximum(tf.reduce_sum(target**2, axes), _TINY)


def _check_not_zero(target: tf.Tensor, start: int, layer: str) -> None:
    """Raises `InputError` if all features of an image are 0, as errors are relative to them."""
    for i, features in enumerate(np.asarray(target), start):
        if not np.any(features):
            raise InputError(
                f"images: expected features other than 0 to compare with, got image {i}, of which "
                f"{layer} is 0 everywhere; choose another layer, or more of its positions."
            )


def _middle(phi: tf.Tensor, side: int | None) -> tf.Tensor:
    """Returns the positions of a map in the middle; all if there are no more."""
    if side is None:
        return phi
    if phi.shape.rank != 4:
        raise InputError(
            f"centre: expected None for a layer without positions, got {side}; choose a "
            "convolutional layer."
        )
    for axis in (1, 2):
        first = max(0, (phi.shape[axis] - side) // 2)
        phi = tf.gather(phi, tf.range(first, min(first + side, phi.shape[axis])), axis=axis)
    return phi


def _check_takes(network: keras.Model, images: tf.Tensor, name: str) -> None:
    """Raises `InputError` unless a network of features takes images; Keras would wrap its error."""
    checked = [layer for layer in network.layers if isinstance(layer, FeatureInput)]
    for layer in checked:
        layer.check(images.shape)
    expected = tf.TensorShape(network.input_shape)
    if not checked and not expected.is_compatible_with(images.shape):
        raise InputError(
            f"{name}: expected shape {tuple(expected)}, as the network takes, got "
            f"{tuple(images.shape)}."
        )


def _others(layer: str, styled: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(styled) if name != layer]


def _moved(x: tf.Tensor, state: State, shift: tf.Tensor) -> Step:
    """Returns images and the state of their optimizer, moved around their edges."""
    first, second = (tf.roll(each, shift, (1, 2)) for each in state)
    return tf.roll(x, shift, (1, 2)), (first, second)


def _as_floats(images: Any, name: str) -> tf.Tensor:
    values = np.asarray(images)
    if values.ndim != 4 or not len(values):
        advice = "; give one image as x[np.newaxis]" * (values.ndim == 3)
        raise InputError(f"{name}: expected shape [num, H, W, C], got {values.shape}{advice}.")
    check_range(values, name)
    return as_images(values, (None, None, values.shape[-1]), name)
