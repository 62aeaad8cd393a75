"""Calling a model of images, and Keras' `predict` of it, with images checked first."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.batches import local_values
from tfgan_zoo.models.mechanics.inspection import Inspection
from tfgan_zoo.models.mechanics.parts import Shape, as_images, named_parts, unpacked, values_of


class TakesImages(Inspection):
    """A model whose `call` maps images to images."""

    predict_function: Any
    _unpredicted = False

    def as_input(self, images: Any) -> tf.Tensor:
        """Returns images as `call` takes them: floats in [-1, 1].

        Raises:
            InputError: If they have another shape or type.
        """
        raise NotImplementedError

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Checks images, and calls the model; see `call`."""
        # Not in `call`, whose errors Keras wraps.
        if tf.executing_eagerly() and not keras.backend.is_keras_tensor(inputs):
            inputs = self.as_input(self.checked_images(inputs))
        return super().__call__(inputs, *args, **kwargs)

    def make_predict_function(self, force: bool = False) -> None:
        """Makes the function that `predict` calls; it checks the first batch."""
        if self.predict_function is not None and not force:
            return
        super().make_predict_function(force)
        predict: Callable = self.predict_function

        def check_and_predict(batches_of_images):
            if self._unpredicted:
                self._unpredicted = False
                for images in local_values(_images_of(batches_of_images[0])):
                    self.checked_images(images)
            return predict(batches_of_images)

        self.predict_function = check_and_predict

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """Maps images as `call` does, by Keras' `predict`.

        Args:
            x: Images as in `call`, or batches of them.
            *args: As for Keras' `predict`.
            **kwargs: As for Keras' `predict`.

        Returns:
            float32 `[num, H, W, C]`, in [-1, 1].

        Raises:
            InputError: If the first batch has another shape, type or range.
        """
        self._unpredicted = True
        return super().predict(x, *args, **kwargs)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Maps a batch of images as `call` does; see `predict`.

        Raises:
            InputError: If it has another shape, type or range.
        """
        self._unpredicted = False
        return super().predict_on_batch(self.as_input(self.checked_images(_images_of(x))))


def _images_of(data: Any) -> Any:
    return named_parts(data, ("images",))["images"]


def has_other_images(element_spec: Any, shape: Shape) -> bool:
    """Returns whether what follows the images in batches of a dataset may be images, too.

    Args:
        element_spec: That of an iterator of batches.
        shape: Shape of one image.
    """
    leaves = tf.nest.flatten(_after_images(element_spec), expand_composites=True)
    shapes = [leaf.shape for leaf in leaves if hasattr(leaf, "shape")]
    return any(each.rank and each.is_compatible_with([None, *shape]) for each in shapes)


def check_no_other_images(batch: Any, shape: Shape, called: str) -> None:
    """Checks that targets of an autoencoder, if there are any, are the images themselves.

    Args:
        batch: The batch, as a train step gets it.
        shape: Shape of one image.
        called: What to call batches in a message.

    Raises:
        InputError: If other images follow the images.
    """
    targets = values_of(_after_images(batch))
    images = None if targets is None else values_of(named_parts(batch, ("image",)).get("image"))
    if images is None or targets is None or targets.shape != images.shape:
        return
    given, wanted = (as_images(each, shape, called).numpy() for each in (images, targets))
    if not np.allclose(wanted, given, atol=1e-3):
        raise InputError(
            f"{called}: expected images, alone or with labels, got other images beside them; "
            "targets are the images themselves, and DenoisingAutoencoder corrupts them itself, so "
            "give it clean images alone."
        )


def _after_images(batch: Any) -> Any:
    """Returns what follows the images in a tuple, or in its specification; None for nothing."""
    parts = unpacked(batch)
    return None if isinstance(parts, Mapping) or len(parts) < 2 else parts[1]
