"""Models that encode images and decode codes: how they are used."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import networks
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.models.mechanics.arguments import (
    check_image_shape,
    check_size,
)
from tfgan_zoo.models.mechanics.functional import hands_on
from tfgan_zoo.models.mechanics.image_inputs import (
    TakesImages,
    check_no_other_images,
    has_other_images,
)
from tfgan_zoo.models.mechanics.moving_average import MovingAverage
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.models.mechanics.output_ranges import is_made_before
from tfgan_zoo.models.mechanics.padding import reflect_to
from tfgan_zoo.models.mechanics.parts import (
    as_images,
    joined,
    named_parts,
    random_images,
    random_values,
    values_of,
)
from tfgan_zoo.models.prior import Prior
from tfgan_zoo.serving.signatures import Endpoint
from tfgan_zoo.sizes import doubled_around


class Coding(Prior, TakesImages, MovingAverage):
    """Encodes images, decodes codes, and exports both.

    The encoder maps images `[B, H, W, C]` to codes `[B, latent_dim]`, or to `numbers_per_code`
    times as many numbers, of which the first are the code. The decoder maps codes to images. Both
    may be made for larger images than `image_shape`, whose sides need not be even then: images are
    padded, and what is decoded is cropped.
    """

    #: What the encoder returns for each number of a code: 2 for a mean and a log-variance.
    numbers_per_code = 1
    #: Whether there is `bound`, a lower bound of the log-likelihood of images.
    has_bound = False
    #: Whether runs call `start_at_mean` before their first step.
    starts_at_mean = False
    #: Whether training encodes corrupted images, see `corrupted`.
    corrupts = False
    #: The numbers of a unit that is off and one that is on, where codes are activations of units.
    code_range: tuple[float, float] | None = None
    encoder: keras.Model
    decoder: keras.Model
    image_shape: tuple[int, ...]
    latent_dim: int

    def set_networks(
        self,
        image_shape: Sequence[int],
        latent_dim: int | None,
        encoder: keras.Model | None,
        decoder: keras.Model | None,
    ) -> None:
        """Sets the networks, early in every constructor.

        Args:
            image_shape: (height, width, channels).
            latent_dim: Length of a code; None for that of the given networks.
            encoder: The encoder; None for `default_encoder`.
            decoder: The decoder; None for `default_decoder`.

        Raises:
            InputError: If the shapes do not fit one another.
        """
        self.image_shape = check_image_shape(image_shape)
        known = {"encoder": encoder, "decoder": decoder}
        check_networks(**{name: each for name, each in known.items() if each is not None})
        if latent_dim is None or not (encoder is None or is_made_before()):
            latent_dim = self._length_of_code(encoder, decoder, latent_dim)
        self.latent_dim = check_size("latent_dim", latent_dim)
        width = self.latent_dim * self.numbers_per_code
        self.encoder = self.default_encoder(width) if encoder is None else encoder
        self.decoder = self.default_decoder(self.latent_dim) if decoder is None else decoder
        check_holds("encoder", "input", self.encoder.input_shape, self.image_shape)
        found = self.encoder.output_shape[1:]
        if self.numbers_per_code == 2 and tuple(found) == (self.latent_dim,):
            raise InputError(
                f"encoder: expected an output of shape (batch, {width}), {self.latent_dim} means "
                f"and {self.latent_dim} log-variances, got (batch, {self.latent_dim})."
            )
        check_shape("encoder", "output", self.encoder.output_shape, (width,))
        check_shape("decoder", "input", self.decoder.input_shape, (self.latent_dim,))
        check_holds("decoder", "output", self.decoder.output_shape, self.image_shape)

    def default_encoder(self, width: int) -> keras.Model:
        """Returns the paper's encoder, from images to `width` numbers."""
        return networks.conv_encoder(padded_shape(self.image_shape), width, name="encoder")

    def default_decoder(self, latent_dim: int) -> keras.Model:
        """Returns the paper's decoder."""
        return networks.conv_decoder(padded_shape(self.image_shape), latent_dim, name="decoder")

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = padded_shape(check_image_shape(arguments["image_shape"]))
        latent_dim = check_size("latent_dim", arguments["latent_dim"])
        return {
            "encoder": ("encoder", (shape, latent_dim * cls.numbers_per_code)),
            "decoder": ("decoder", (shape, latent_dim)),
        }

    def build_state(self) -> None:
        """See `ZooModel.build_state`."""
        self._functions: dict[str, Any] = {}
        super().build_state()  # type: ignore[misc]  # ZooModel's

    # ------------------------------------------------------------------ tensors

    def encoded(self, images: tf.Tensor, training: bool, *, shown: bool = False) -> tf.Tensor:
        """Returns what the encoder makes of images, floats in [-1, 1]: how a loss calls it.

        Images that are smaller than its input are padded by reflection.

        Args:
            images: Images `[B, *image_shape]`.
            training: Whether the encoder trains.
            shown: Whether to use the moving average of its weights, if there is one.
        """
        network = self._shown(self.encoder) if shown else self.encoder
        return self.run(network, self.padded(images, network), training)

    def padded(self, images: tf.Tensor, network: keras.Model) -> tf.Tensor:
        """Returns images padded by reflection to the size that a network takes."""
        return self.padded_to(images, network.input_shape)

    def padded_to(self, images: tf.Tensor, shape: tuple[int | None, ...]) -> tf.Tensor:
        """Returns images padded by reflection to the sides of a shape with a batch axis."""
        for axis in (1, 2):
            size = shape[axis]
            if size not in (None, self.image_shape[axis - 1]):
                images = reflect_to(images, axis, size)
        return images

    def decoded(self, codes: tf.Tensor, training: bool, *, shown: bool = False) -> tf.Tensor:
        """Returns what the decoder makes of codes, cropped to the size of images; see `encoded`."""
        network = self._shown(self.decoder) if shown else self.decoder
        height, width = self.image_shape[:2]
        return self.run(network, codes, training)[:, :height, :width]

    def codes_of(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the codes of images, floats in [-1, 1]; of distributions of codes, their mean."""
        return self.encoded(images, False, shown=True)[:, : self.latent_dim]

    def images_of(self, codes: tf.Tensor) -> tf.Tensor:
        """Returns the images of codes, floats in [-1, 1]."""
        outputs = self.decoded(codes, False, shown=True)
        return tf.clip_by_value(self.as_pixels(outputs), -1.0, 1.0)

    @property
    def decodes_logits(self) -> bool:
        """Whether the decoder returns logits of pixels scaled to [0, 1] instead of pixels."""
        return False

    def as_pixels(self, outputs: tf.Tensor) -> tf.Tensor:
        """Returns images on the scale [-1, 1] from what the decoder returns."""
        return 2.0 * tf.sigmoid(outputs) - 1.0 if self.decodes_logits else outputs

    def _shown(self, network: keras.Model) -> keras.Model:
        return self.sampling_network(network) if network in self.shown_networks() else network

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns reconstructions of images, floats in [-1, 1].

        Args:
            inputs: Images `[B, *image_shape]`, uint8 or floats in [-1, 1].
            training: Ignored, as a reconstruction is always inference.

        Raises:
            InputError: If the images have another shape or type. Calling the model checks the range
                of floats too, outside of a graph.
        """
        del training
        return self.images_of(self.codes_of(self.as_input(inputs)))

    def as_input(self, images: Any) -> tf.Tensor:
        """See `TakesImages.as_input`."""
        return as_images(images, self.image_shape, "images")

    # ------------------------------------------------------------------ the first batch

    def training_warnings(self, batch_size: int) -> list[str]:
        """See `ZooModel.training_warnings`: whether batches are too small to normalise codes.

        Args:
            batch_size: Images of a train step on each replica.
        """
        replicas = self.distribute_strategy.num_replicas_in_sync
        for layer in layers_of(self.encoder):
            if not isinstance(layer, keras.layers.BatchNormalization) or not layer.trainable:
                continue
            together = batch_size * (replicas if layer.synchronized else 1)
            if together == 1 and getattr(layer.input_spec, "ndim", None) == 2:
                return [
                    f"encoder: expected batches of 2 or more, got batches of 1, of which its layer "
                    f"{layer.name!r}, a batch normalisation of vectors, leaves the same for every "
                    "image, so that codes are constant; train in larger batches, or give an "
                    "encoder with another normalisation."
                ]
        return []

    def looks_at(self, element_spec: Any) -> bool:
        """See `Inspection.looks_at`: at images that stand where labels may."""
        return has_other_images(element_spec, self.image_shape) or super().looks_at(element_spec)

    def check_batch(self, batches: Sequence[Any], phase: str, called: str) -> None:
        """See `Inspection.check_batch`.

        Raises:
            InputError: If there are other images as targets, as in Keras' denoising examples,
                or floats outside [-1, 1] where pixels become probabilities.
        """
        super().check_batch(batches, phase, called)
        for batch in batches:
            self.check_probabilities(named_parts(batch, self.batch_spec()).get("image"), called)
            check_no_other_images(batch, self.image_shape, called)

    def check_probabilities(self, images: Any, called: str) -> None:
        """Checks that pixels can be scaled to probabilities, if the decoder returns their logits.

        Raises:
            InputError: If they are floats outside [-1, 1].
        """
        values = values_of(images) if self.decodes_logits else None
        if values is not None and values.dtype.kind == "f" and np.abs(values).max(initial=0) > 1:
            raise InputError(
                f"{called}: expected values in [-1, 1], which are scaled to probabilities, got "
                f"{values.min():g} to {values.max():g}; clip them."
            )

    # ------------------------------------------------------------------ arrays

    def corrupted(self, images: np.ndarray, seed: int = 0) -> np.ndarray:
        """Returns images as training encodes them: as they are, or corrupted by a denoising model.

        Args:
            images: Images `[num, *image_shape]`, uint8 or floats in [-1, 1].
            seed: The same seed corrupts alike.
        """
        del seed
        return images

    def start_at_mean(self, images: np.ndarray) -> None:
        """Sets the last biases of the decoder so that it starts near the mean of images.

        It then need not learn first what all images have in common. Biases for each value of an
        image are set one by one, those for each channel to the mean of the channel. A decoder that
        ends in another way is left alone.

        Args:
            images: Some training images `[num, *image_shape]`, uint8 or floats in [-1, 1].

        Raises:
            InputError: If the images have another shape, type or range, or there are none.

        Example:
            >>> model.start_at_mean(images[:10_000])
        """
        given = self.as_input(self.checked_images(images))
        if not len(given):
            raise InputError("images: expected one or more, got none.")
        given = self.padded_to(given, self.decoder.output_shape)
        wanted = self.as_outputs(np.clip(given.numpy().mean(axis=0), -0.998, 0.998))
        layers = [each for each in self.decoder.layers if each.weights or _activation(each)]
        last = layers[-1] if layers else None
        bias = getattr(last, "bias", None)
        if bias is None or _activation(last) not in ("linear", "tanh"):
            return
        bent = _activation(last) == "tanh"
        if bent and np.abs(wanted).max() >= 1:  # logits
            return
        values = np.arctanh(wanted) if bent else wanted
        if bias.shape == values.shape[-1:] and bias.shape != (values.size,):
            values = np.broadcast_to(values.mean(axis=(0, 1)), values.shape)
            wanted = np.tanh(values) if bent else values
            start = values[0, 0]
        elif bias.shape == (values.size,):
            start = values.reshape(-1)
        else:
            return
        if not hands_on(self.decoder, last, np.tanh(start) if bent else start, wanted):
            return
        bias.assign(start)
        self.restart_averages()

    def as_outputs(self, images: np.ndarray) -> np.ndarray:
        """Returns what a decoder returns for images on the scale (-1, 1); see `as_pixels`."""
        return 2.0 * np.arctanh(images) if self.decodes_logits else images

    def encode(self, images: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Encodes images.

        Args:
            images: Images `[num, *image_shape]`, uint8 or floats in [-1, 1].
            batch_size: Number of images at a time; a code does not depend on the others.

        Returns:
            float32 `[num, latent_dim]`, the same at every call; of a model that encodes
            distributions, their means.

        Raises:
            InputError: If the images have another shape, type or range.

        Example:
            >>> codes = model.encode(images)
        """
        return self._mapped("encode", self._of_its_shape(images), batch_size)

    def decode(self, codes: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Decodes codes.

        Args:
            codes: Numbers `[num, latent_dim]`.
            batch_size: Number of codes at a time.

        Returns:
            float32 `[num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If the codes have another shape, or are not finite.

        Example:
            >>> means = model.decode((codes[:8] + codes[8:16]) / 2)
        """
        return self._mapped("decode", self.checked_codes(codes, "codes"), batch_size)

    def reconstruct(self, images: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Encodes images and decodes their codes.

        Args:
            images: As for `encode`.
            batch_size: As for `encode`.

        Returns:
            float32 `[num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If the images have another shape, type or range.

        Example:
            >>> again = model.reconstruct(images)
        """
        return self._mapped("reconstruct", self._of_its_shape(images), batch_size)

    def interpolate(
        self, a: np.ndarray, b: np.ndarray, num: int = 8, *, batch_size: int = 64
    ) -> np.ndarray:
        """Decodes codes on straight lines between those of images.

        Args:
            a: Images `[pairs, *image_shape]` to start from, or one image.
            b: As many images to end at.
            num: Number of images on each line, the reconstructions of both ends included.
            batch_size: As for `encode`.

        Returns:
            float32 `[pairs, num, *image_shape]`, in [-1, 1]; `[num, *image_shape]` for one image.

        Raises:
            InputError: If the images have another shape, type or range, differ in number, or `num`
                is below 2.

        Example:
            >>> walk = model.interpolate(images[0], images[1], 8)
        """
        check_number("num", num, least=2, whole=True)
        a, b = np.asarray(a), np.asarray(b)
        if a.ndim < len(self.image_shape):
            raise InputError(f"a: expected images {self.image_shape}, got shape {a.shape}.")
        if a.shape != b.shape:
            raise InputError(f"b: expected as many images as a, shape {a.shape}, got {b.shape}.")
        alone = a.ndim == len(self.image_shape)
        if alone:
            a, b = a[np.newaxis], b[np.newaxis]
        first, last = (self.encode(each, batch_size=batch_size) for each in (a, b))
        shares = np.linspace(0, 1, int(num), dtype=np.float32)[:, np.newaxis]
        lines = first[:, np.newaxis] * (1 - shares) + last[:, np.newaxis] * shares
        images = self.decode(lines.reshape(-1, self.latent_dim), batch_size=batch_size)
        images = images.reshape(len(a), int(num), *self.image_shape)
        return images[0] if alone else images

    def _of_its_shape(self, images: Any) -> Any:
        return self.checked_images(images, shape=self.image_shape)

    def _mapped(self, name: str, values: Any, batch_size: int) -> np.ndarray:
        """Returns what an endpoint's function makes of values, batch by batch."""
        check_number("batch_size", batch_size, least=1, whole=True)
        if len(values) == 0:
            raise InputError(f"{name}: expected one or more, got none.")
        function, done = self._function(name), []
        for i in range(0, len(values), batch_size):
            part = values[i : i + batch_size]
            done.append(function(part if name == "decode" else self.as_input(part)).numpy())
        return joined(done)

    def _function(self, name: str) -> Callable[[Any], tf.Tensor]:
        """Returns the graph of a mapping of images or codes."""
        function, shape = {
            "encode": (self.codes_of, self.image_shape),
            "decode": (self.images_of, (self.latent_dim,)),
            "reconstruct": (self.call, self.image_shape),
        }[name]
        return self.traced(name, function, tf.TensorSpec([None, *shape], tf.float32))

    def traced(self, name: str, function: Callable, *signature: tf.TensorSpec) -> Callable:
        """Returns the graph of a function, traced once for each choice of weights."""
        key = f"{name} {self._shows_average}"
        if key not in self._functions:
            self._functions[key] = tf.function(function, signature, autograph=False)
        return self._functions[key]

    def checked_codes(self, codes: Any, argument: str) -> np.ndarray:
        """Returns codes as float32 `[num, latent_dim]`.

        Raises:
            InputError: If they have another shape or type, or are not finite.
        """
        codes = np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim or codes.dtype.kind not in "iuf":
            came = codes.shape if codes.dtype.kind in "iuf" else f"type {codes.dtype}"
            advice = "; give one code as x[np.newaxis]" * (came == (self.latent_dim,))
            raise InputError(
                f"{argument}: expected numbers, shape (num, {self.latent_dim}), got {came}{advice}."
            )
        codes = codes.astype(np.float32)
        if not np.isfinite(codes).all():
            raise InputError(f"{argument}: expected finite numbers, got NaN or infinity.")
        return codes

    # ------------------------------------------------------------------ serving

    def endpoints(self) -> dict[str, Endpoint]:
        """From images to reconstructions and codes, and from codes to images.

        With a prior, also from latents, or from a seed for each image, to images.
        """
        images = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        codes = tf.TensorSpec([None, self.latent_dim], tf.float32, name="codes")

        def pictures(num: int) -> dict[str, np.ndarray]:
            return {"images": random_images(self.image_shape, num)}

        found = {
            "reconstruct": Endpoint(
                lambda images: {"images": self.call(images)}, (images,), pictures
            ),
            "encode": Endpoint(
                lambda images: {"codes": self.codes_of(images)}, (images,), pictures
            ),
            "decode": Endpoint(
                lambda codes: {"images": self.images_of(codes)},
                (codes,),
                lambda num: {"codes": random_values(codes, num)},
            ),
        }
        if not self.has_prior:
            return found
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        return found | {
            "generate": Endpoint(
                lambda latents: {"images": self.images_of(latents)},
                (latents,),
                lambda num: {"latents": random_values(latents, num)},
            ),
            "generate_from_seed": Endpoint(
                lambda seed: {"images": self.images_of(self.latents_from_seeds(seed))},
                (seed,),
                lambda num: {"seed": np.arange(num, dtype=np.int64)},
            ),
        }

    def _length_of_code(
        self, encoder: keras.Model | None, decoder: keras.Model | None, given: int | None
    ) -> int | None:
        """Returns the length of codes that given networks have.

        Raises:
            InputError: If it is not the given one.
        """
        if encoder is None:
            return given if decoder is None else decoder.input_shape[-1]
        return given if given is not None else encoder.output_shape[-1] // self.numbers_per_code


def _activation(layer: Any) -> str:
    """Returns the name of a layer's activation; empty if it has none."""
    return getattr(getattr(layer, "activation", None), "__name__", "")


def padded_shape(image_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of images that convolutional networks are made for.

    Example:
        >>> padded_shape((28, 28, 1)), padded_shape((23, 30, 3))
        ((28, 28, 1), (24, 32, 3))
    """
    return (*doubled_around(*image_shape[:2]), image_shape[-1])


def check_holds(argument: str, side: str, came: tuple, shape: tuple[int, ...]) -> None:
    """Checks that the images of a network have a shape, or that with longer sides.

    Raises:
        InputError: If they do not.
    """
    sizes = came[1:]
    larger = len(sizes) == len(shape) == 3 and all(
        size is None or size >= least for size, least in zip(sizes[:2], shape[:2], strict=True)
    )
    if not (larger and sizes[2] in (None, shape[2])):
        check_shape(argument, side, came, shape)
