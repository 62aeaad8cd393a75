"""Drawing images and masks from attributes: how such a model is used."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.attributes import DEGREES, Attributes
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.layers.transformation import TRANSFORMATIONS
from tfgan_zoo.models.mechanics import label_maps
from tfgan_zoo.models.mechanics.moving_average import MovingAverage
from tfgan_zoo.models.mechanics.parts import joined
from tfgan_zoo.serving.signatures import Endpoint, of_texts


class DrawsFromAttributes(MovingAverage):
    """Draws from attributes, and exports that.

    The generator maps codes of attributes, and numbers of a transformation beside them if it knows
    some, to images on the scale of [-1, 1], with masks on that of [0, 1] in their last channel.
    """

    coding: Attributes
    generator: keras.Model
    image_shape: tuple[int, ...]
    #: How strongly training transforms images; None if it does not.
    augmentation: Any

    def build_state(self) -> None:
        """See `ZooModel.build_state`."""
        self._functions: dict[bool, Any] = {}
        super().build_state()  # type: ignore[misc]  # ZooModel's

    @property
    def knows_transformations(self) -> bool:
        """Whether the generator is given the numbers of a transformation."""
        return self.augmentation is not None

    # ------------------------------------------------------------------ tensors

    def inputs_of(self, codes: tf.Tensor, theta: tf.Tensor | None = None) -> tf.Tensor:
        """Returns what the generator takes: codes, and theta beside them if it knows T."""
        if not self.knows_transformations:
            return codes
        if theta is None:
            theta = tf.zeros([tf.shape(codes)[0], len(TRANSFORMATIONS)])
        return tf.concat([codes, theta], axis=1)

    def images_and_masks(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns images in [-1, 1] and masks in [0, 1] of the generator's inputs."""
        outputs = self.run(self.sampling_network(self.generator), inputs, training=False)
        return (
            tf.clip_by_value(outputs[..., :-1], -1.0, 1.0),
            tf.clip_by_value(outputs[..., -1:], 0.0, 1.0),
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns images in [-1, 1] of codes `[B, C]`, as `encode` returns them.

        Args:
            inputs: The codes.
            training: Ignored, as this is always inference.
        """
        del training
        return self.images_and_masks(self.inputs_of(tf.cast(inputs, tf.float32)))[0]

    # ------------------------------------------------------------------ arrays

    def encode(self, attributes: Mapping[str, Any]) -> np.ndarray:
        """Returns the codes of attributes, float32 `[num, C]`, which training batches hold.

        Args:
            attributes: A value of every attribute, or as many as there are images: names or numbers
                of classes, or weights `[num, classes]` that add up to 1; degrees; numbers.

        Raises:
            InputError: If one is missing, unknown, or out of range, or they differ in number.

        Example:
            >>> codes = model.encode({"shape": ["star", "circle"], "angle": [0.0, 45.0]})
        """
        return self.coding.encode(attributes)

    def generate(
        self,
        attributes: Mapping[str, Any] | np.ndarray,
        transformation: Mapping[str, Any] | None = None,
        *,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Draws images.

        Args:
            attributes: As for `encode`, or codes.
            transformation: Numbers in about [-1, 1] by name, see
                `layers.transformation.TRANSFORMATIONS`, one for all images or one for each; those
                left out are 0. None for none.
            batch_size: Number of images at a time.

        Returns:
            float32 `[num, *image_shape]` in [-1, 1]; the background is black, -1.

        Raises:
            InputError: If a value cannot be used.

        Example:
            >>> mixed = {"shape": [[0.5, 0.5]], "angle": 0}  # half circle, half star
            >>> image = model.generate(mixed)[0]
        """
        return self.generate_with_masks(attributes, transformation, batch_size=batch_size)[0]

    def generate_with_masks(
        self,
        attributes: Mapping[str, Any] | np.ndarray,
        transformation: Mapping[str, Any] | None = None,
        *,
        batch_size: int = 64,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws images with their masks.

        Args:
            attributes: As for `generate`.
            transformation: As for `generate`.
            batch_size: As for `generate`.

        Returns:
            Images as `generate` returns them, and masks, float32 `[num, height, width, 1]` in
            [0, 1].

        Raises:
            InputError: If a value cannot be used.

        Example:
            >>> images, masks = model.generate_with_masks({"shape": "star", "angle": 30})
            >>> on_white = np.minimum(images + 2 * (1 - masks), 1)
        """
        check_number("batch_size", batch_size, least=1, whole=True)
        if isinstance(attributes, Mapping):
            codes = self.encode(attributes)
        else:
            codes = self.coding.check_codes(attributes)
        if not len(codes):
            raise InputError("attributes: expected values of one image or more, got none.")
        inputs = self._inputs(codes, transformation)
        function = self._function()
        made = [
            [part.numpy() for part in function(inputs[i : i + batch_size])]
            for i in range(0, len(inputs), batch_size)
        ]
        images, masks = map(joined, zip(*made, strict=True))
        return images, masks

    def interpolate(
        self,
        a: Mapping[str, Any],
        b: Mapping[str, Any],
        num: int = 8,
        *,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Draws images on the way from some attributes to others.

        Weights of classes and numbers change evenly, and so do angles, on the shorter way.

        Args:
            a: Attributes to start from, as for `encode`.
            b: Attributes to end at, as many.
            num: Number of images on each way, both ends included.
            batch_size: Number of images at a time.

        Returns:
            float32 `[rows, num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If a value cannot be used, or the numbers differ.

        Example:
            >>> ends = ({"shape": shape, "angle": 0} for shape in ("circle", "star"))
            >>> walk = model.interpolate(*ends, 8)[0]
        """
        check_number("num", num, least=2, whole=True)
        first, last = self.coding.encode(a, "a"), self.coding.encode(b, "b")
        if len(first) != len(last):
            raise InputError(f"b: expected {len(first)} rows of values, as in a, got {len(last)}.")
        codes = self.coding.between(first, last, int(num))
        images = self.generate(codes.reshape(-1, self.coding.size), batch_size=batch_size)
        return images.reshape(len(first), int(num), *self.image_shape)

    def _inputs(self, codes: np.ndarray, given: Mapping[str, Any] | None) -> np.ndarray:
        """Returns the generator's inputs of codes, and of a transformation's numbers by name."""
        if not self.knows_transformations:
            if given:
                raise InputError(
                    "transformation: expected none for a model without augmentation, got "
                    f"{', '.join(given)}."
                )
            return codes
        theta = np.zeros((len(codes), len(TRANSFORMATIONS)), np.float32)
        for name, value in (given or {}).items():
            if name not in TRANSFORMATIONS:
                raise Attributes(dict.fromkeys(TRANSFORMATIONS, (-1, 1))).unknown(
                    name, "transformation"
                )
            numbers = np.asarray(value)
            fits = numbers.dtype.kind in "iuf" and numbers.shape in ((), (1,), (len(codes),))
            if not fits or not np.isfinite(numbers).all():
                raise InputError(
                    f"transformation.{name}: expected a finite number, or one for each of "
                    f"{len(codes)} images, got {value!r}."
                )
            theta[:, list(TRANSFORMATIONS).index(name)] = numbers
        return np.concatenate([codes, theta], axis=1)

    def _function(self) -> Callable[[Any], tuple[tf.Tensor, tf.Tensor]]:
        """Returns the graph of `images_and_masks`, traced once for each choice of weights."""
        if self._shows_average not in self._functions:
            spec = tf.TensorSpec([None, self.generator.input_shape[-1]], tf.float32)
            function = tf.function(self.images_and_masks, [spec], autograph=False)
            self._functions[self._shows_average] = function
        return self._functions[self._shows_average]

    # ------------------------------------------------------------------ serving

    def inputs_explained(self) -> dict[str, Any]:
        """See `Saving.inputs_explained`."""
        return {"attributes": self.coding.declared}

    def signatures(self) -> dict[str, Endpoint]:
        """See `Saving.signatures`; one more tells what the attributes are, as JSON.

        The text of each attribute is a list of its name and what it is declared as.
        """
        texts = [json.dumps(each) for each in self.coding.declared.items()]
        found = super().signatures()  # type: ignore[misc]
        return found | {"attributes": of_texts(texts, "index", "attribute")}

    def endpoints(self) -> dict[str, Endpoint]:
        """From attributes by name, or from codes, to `images` and `masks`.

        Classes are numbers, `[B]`, in the order of their names; angles are in degrees.
        """

        def of_codes(codes: tf.Tensor) -> dict[str, tf.Tensor]:
            images, masks = self.images_and_masks(self.inputs_of(codes))
            return {"images": images, "masks": masks}

        def of_values(*values: tf.Tensor) -> dict[str, tf.Tensor]:
            pairs = zip(self.coding.declared.items(), values, strict=True)
            codes = [code_of(declared, each, name) for (name, declared), each in pairs]
            return of_codes(tf.concat(codes, axis=1))

        named = tuple(
            tf.TensorSpec([None], tf.int32 if name in self.coding.classes else tf.float32, name)
            for name in self.coding.names
        )
        codes = tf.TensorSpec([None, self.coding.size], tf.float32, name="codes")

        def values(num: int) -> dict[str, np.ndarray]:
            drawn = self.coding.sample(num)
            return {s.name: drawn[s.name].astype(s.dtype.as_numpy_dtype) for s in named}

        return {
            "generate": Endpoint(of_values, named, values),
            "generate_from_codes": Endpoint(
                of_codes, (codes,), lambda num: {"codes": self.encode(self.coding.sample(num))}
            ),
        }


def code_of(declared: Any, values: tf.Tensor, name: str = "values") -> tf.Tensor:
    """Returns the code of one attribute's values `[B]`, as `Attributes.encode` computes it.

    Args:
        declared: What the attribute is declared as.
        values: Class numbers, degrees or numbers.
        name: Name of the attribute, for the message about a class that does not exist.
    """
    if declared == DEGREES:
        radians = values * (np.pi / 180)
        return tf.stack([tf.sin(radians), tf.cos(radians)], axis=1)
    if isinstance(declared[0], str):
        numbers = label_maps.checked_numbers(values, len(declared), name)
        return tf.gather(tf.eye(len(declared)), numbers)
    low, high = declared
    return ((2 * values - low - high) / (high - low))[:, tf.newaxis]
