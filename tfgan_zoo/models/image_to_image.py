"""The base of games that translate images."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.game import Game
from tfgan_zoo.models.mechanics.arguments import check_image_shape, check_size
from tfgan_zoo.models.mechanics.image_inputs import TakesImages
from tfgan_zoo.models.mechanics.padding import reflect_to
from tfgan_zoo.models.mechanics.parts import as_images, joined, random_images
from tfgan_zoo.networks import size_multiple, smallest_side
from tfgan_zoo.serving.signatures import Endpoint


class ImageToImage(TakesImages, Game):
    """A game between domains a and b, whose generators turn images of one into the other.

    A training batch is `(a, b)` or `{"a": a, "b": b}`: two batches of images `[B, H, W, C]`, uint8
    or floats in [-1, 1], of one height and width. Generators that are fully convolutional, as the
    default ones are, translate images of any size.

    Args:
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.
    """

    kind = "translation"
    #: Whether the i-th images of both domains in a training batch belong together.
    pairs = True
    takes_logits = True
    #: Factor by which outputs are larger than inputs.
    scale = 1
    #: Shapes of the images of both domains in training, (height, width, channels).
    shape_a: tuple[int, ...]
    shape_b: tuple[int, ...]

    def set_shapes(self, image_shape: Sequence[int], channels_b: int | None) -> None:
        """Sets the shapes of both domains in training, early in every constructor.

        Args:
            image_shape: (height, width, channels) of domain a.
            channels_b: Channels of domain b; None for the same as a.

        Raises:
            InputError: If `image_shape` is another kind of shape.
        """
        self.image_shape = check_image_shape(image_shape)
        self.shape_a, self.shape_b = domain_shapes(self.image_shape, channels_b)
        self.channels_b = self.shape_b[-1]

    def translators(self) -> dict[str, keras.Model]:
        """Returns the generators by direction: "a_to_b", and "b_to_a" if there is one.

        A model of one direction may call it otherwise.
        """
        raise NotImplementedError

    def source_shape(self, direction: str) -> tuple[int, ...]:
        """Returns the shape of the input images of a direction in training."""
        return self.shape_b if direction == "b_to_a" else self.shape_a

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`."""
        shapes = {"a": self.shape_a, "b": self.shape_b}
        return {name: tf.TensorSpec([None, *shape], tf.uint8) for name, shape in shapes.items()}

    def test_losses(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns all logs, computed on held-out images, without an update."""
        raise NotImplementedError

    # ------------------------------------------------------------------ the parts of a train step

    def pair(self, data: Any, training: bool = True) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the images of a batch, of domains a and b, as floats in [-1, 1]; see `batch`."""
        found = self.batch(data, training)
        return found["a"], found["b"]

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        return self.test_losses(*self.pair(data, training=False))

    def samples_and_targets(self, data: Any) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        """See `ZooModel.samples_and_targets`: the translations and targets of each direction."""
        a, b = self.pair(data, training=False)
        found = {}
        for direction, network in self.translators().items():
            source, target = (b, a) if direction == "b_to_a" else (a, b)
            made = self.run(network, self.network_input(source), training=False)
            found[direction] = (made, target)
        return found

    # ------------------------------------------------------------------ use

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Translates a to b: images of any size, to floats in [-1, 1] of domain b.

        Args:
            inputs: Images `[B, H, W, C]`, uint8 or floats in [-1, 1].
            training: Ignored, as a translation is always inference.

        Raises:
            InputError: If the images have another shape or type. Calling the model checks the range
                of floats too, outside of a graph.
        """
        del training
        direction = next(iter(self.translators()))
        return self._translated(self._as_source(inputs, direction), direction)

    def _as_source(self, images: Any, direction: str) -> tf.Tensor:
        channels = self.source_shape(direction)[-1]
        return as_images(images, (None, None, channels), "images")

    def as_input(self, images: Any) -> tf.Tensor:
        """See `TakesImages.as_input`."""
        return self._as_source(images, next(iter(self.translators())))

    def translate(
        self, images: np.ndarray, direction: str | None = None, *, batch_size: int = 1
    ) -> np.ndarray:
        """Translates images.

        Args:
            images: Images `[num, H, W, C]`, uint8 or floats in [-1, 1], of any size from one pixel
                up. Images whose sides the generator cannot downsample evenly, or that are too small
                for it, are padded by reflection; the result is cropped to size.
            direction: "a_to_b", or "b_to_a" if the model has it; None for the model's first.
            batch_size: Number of images at a time; a translation does not depend on the others.

        Returns:
            float32 `[num, H, W, C]` of the other domain, in [-1, 1].

        Raises:
            InputError: If the direction is unknown, or the images have another shape or type.

        Example:
            >>> photos = model.translate(drawings, "a_to_b")
        """
        direction = self._known_direction(direction)
        channels = self.source_shape(direction)[-1]
        if len(images) == 0 or batch_size < 1:
            raise InputError("translate: expected an image or more, and a batch_size from 1 up.")
        images = self.checked_images(images, shape=(None, None, channels))
        function = self._translation(direction)
        done = []
        for i in range(0, len(images), batch_size):
            batch = as_images(images[i : i + batch_size], (None, None, channels), "images")
            done.append(function(batch).numpy())
        return joined(done)

    def _known_direction(self, direction: str | None) -> str:
        """Returns a direction of the model, its first for None.

        Raises:
            InputError: If it has no such direction.
        """
        translators = self.translators()
        direction = next(iter(translators)) if direction is None else direction
        if direction not in translators:
            raise InputError(
                f"direction: expected {' or '.join(translators)} of {type(self).__name__}, got "
                f"{direction!r}."
            )
        return direction

    def channels_given(self, direction: str) -> int:
        """Returns the channels of what is padded and given to the generator of a direction."""
        return self.source_shape(direction)[-1]

    def _translation(self, direction: str) -> Callable[[tf.Tensor], tf.Tensor]:
        """Returns the graph of one direction, traced once for each choice of weights."""
        key = f"{direction} {self._shows_average}"
        if key not in self._translations:
            channels = self.channels_given(direction)
            self._translations[key] = tf.function(
                lambda images: self._translated(images, direction),
                input_signature=[tf.TensorSpec([None, None, None, channels], tf.float32)],
                autograph=False,
            )
        return self._translations[key]

    def _translated(self, images: tf.Tensor, direction: str) -> tf.Tensor:
        network = self.sampling_network(self.translators()[direction])
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        padded = pad_to_multiple(images, *self._sides[direction])
        result = self.run(network, self.network_input(padded), training=False)
        return result[:, : height * self.scale, : width * self.scale]

    def network_input(self, images: tf.Tensor) -> tf.Tensor:
        """Returns images, floats in [-1, 1], scaled to the range that the generators take."""
        return images

    def as_translator(self, network: keras.Model) -> keras.Model:
        """Returns what maps images to images, whose sizes are looked at: a network by itself.

        Args:
            network: One of `translators`.
        """
        return network

    def build_state(self) -> None:
        """See `Game.build_state`."""
        #: Required multiple and minimum of image sides, by direction.
        self._sides: dict[str, tuple[int, int]] = {}
        for name, network in self.translators().items():
            shown = self.as_translator(network)
            multiple = self._multiple(shown)
            self._sides[name] = multiple, smallest_side(shown, multiple, self.scale)
        self._translations: dict[str, Any] = {}
        super().build_state()

    def _multiple(self, network: Any) -> int:
        if self.scale == 1:
            return size_multiple(network)
        if any(side is not None for side in network.input_shape[1:-1]):
            return 1
        try:
            return size_multiple(network, self.scale)
        except InputError:  # A network that enlarges some sizes only is left to those.
            return 1

    def tile_multiple(self, direction: str) -> int:
        """Returns of what number tiles of an image begin at multiples.

        Networks that enlarge and join blocks of pixels first need the blocks of the whole image.

        Args:
            direction: A key of `translators`.
        """
        return self._sides[direction][0] if self.scale > 1 else 1

    def endpoints(self) -> dict[str, Endpoint]:
        """One endpoint per direction: from `images` to `images`, floats in [-1, 1], of any size."""

        def endpoint(direction: str) -> Endpoint:
            shape = self.source_shape(direction)
            spec = tf.TensorSpec([None, None, None, shape[-1]], tf.float32, name="images")
            return Endpoint(
                lambda images: {"images": self._translated(images, direction)},
                (spec,),
                lambda n: {"images": random_images(shape, n)},
            )

        return {direction: endpoint(direction) for direction in self.translators()}


def domain_shapes(
    image_shape: Sequence[int], channels_b: int | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the shapes of images of domain a and of b."""
    shape = check_image_shape(image_shape)
    channels = shape[-1] if channels_b is None else check_size("channels_b", channels_b)
    return shape, (*shape[:-1], channels)


def pad_to_multiple(images: tf.Tensor, multiple: int, least: int = 1) -> tf.Tensor:
    """Pads images at their lower and right edges by reflection.

    Args:
        images: Images `[B, H, W, C]` of any size.
        multiple: A divisor of the height and width of the result.
        least: The least height and width of the result, itself a multiple.
    """
    for axis in (1, 2):
        size = tf.shape(images)[axis]
        # No negative numbers: ONNX rounds their quotients up.
        padded = (size + multiple - 1) // multiple * multiple
        if least > multiple:
            padded = tf.maximum(padded, least)
        images = reflect_to(images, axis, padded)
    return images


Objective = tuple[Callable[[tf.Tensor, tf.Tensor], tf.Tensor], Callable[[tf.Tensor], tf.Tensor]]

#: Adversarial losses of (discriminator, generator), weighted as in these papers: the first is
#: halved, "which slows down the rate at which D learns relative to G" (pix2pix, section 3.3).
OBJECTIVES: dict[str, Objective] = {
    "cross_entropy": (
        lambda real, fake: 0.5 * losses.cross_entropy_discriminator(real, fake),
        losses.non_saturating_generator,
    ),
    "least_squares": (
        losses.least_squares_discriminator,
        lambda fake: 2.0 * losses.least_squares_generator(fake),
    ),
    "wasserstein_gp": (losses.wasserstein_critic, losses.wasserstein_generator),
}

#: The scores above which a discriminator says "real"; a critic has none.
BOUNDARIES = {"cross_entropy": 0.0, "least_squares": 0.5, "wasserstein_gp": 0.0}


def check_objective(objective: str) -> str:
    """Returns the name of one of `OBJECTIVES`.

    Raises:
        InputError: If there is no such objective.
    """
    if not isinstance(objective, str) or objective not in OBJECTIVES:
        raise InputError(f"objective: expected one of {', '.join(OBJECTIVES)}, got {objective!r}.")
    return objective


def check_weights(**weights: float) -> None:
    """Raises `InputError` unless all weights are numbers from 0 up."""
    for name, value in weights.items():
        check_number(name, value, least=0)
