"""A buffer of earlier generated images for the discriminator."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.per_replica import (
    assign_replicas,
    of_all_replicas,
    per_replica_variable,
)


@keras.saving.register_keras_serializable("tfgan_zoo")
class ImagePool(keras.layers.Layer):
    """Mixes earlier generated images into new batches.

    A discriminator that sees only the newest images forgets older ones, and the two players may
    cycle (Shrivastava et al. 2016, https://arxiv.org/abs/1612.07828; CycleGAN, Zhu et al. 2017,
    https://arxiv.org/abs/1703.10593, uses a pool of 50). As in the authors' code, images are
    processed one by one, in the order of the batch:

        while fewer than `size` are stored: store the image and return it;
        afterwards, with probability 1/2: return a random stored image and store this one instead;
        otherwise: return the image.

    The result depends only on the state and on `draws`. No gradient flows through it.

    The state is saved with the weights. Under a `tf.distribute` strategy every replica has its own
    pool, and all pools are saved, one after the other. From a file of n pools, replica r loads
    number r modulo n.

    Args:
        size: Number of images to store; with 0, images are returned unchanged.
        image_shape: `(height, width, channels)` of an image.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name`. `dtype` defaults to float32.

    Raises:
        InputError: If an argument is invalid, or, when loaded (as a `ValueError` raised by Keras),
            if the pool in the file has another size or shape.

    Example:
        >>> pool = ImagePool(1, (1, 1, 1))
        >>> draws = np.zeros((1, 2), "float32")
        >>> [float(pool(np.full((1, 1, 1, 1), i), draws)[0, 0, 0, 0]) for i in (1.0, 2.0, 3.0)]
        [1.0, 1.0, 2.0]
    """

    def __init__(self, size: int, image_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.size = size
        self.image_shape = tuple(image_shape)
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise InputError(f"size: expected an integer of at least 0, got {size!r}.")
        if len(self.image_shape) != 3 or not all(
            isinstance(n, int) and n > 0 for n in self.image_shape
        ):
            raise InputError(
                "image_shape: expected (height, width, channels), all above 0, got "
                f"{image_shape!r}."
            )
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """Creates the state; called by the constructor.

        Args:
            input_shape: Unused.
        """
        if self.size and not self.variables:
            self.images = per_replica_variable("images", (self.size, *self.image_shape), "float32")
            self.count = per_replica_variable("count", (), "int64")

    def call(self, images: Any, draws: Any) -> tf.Tensor:
        """Stores images and returns as many new or old ones.

        Args:
            images: Generated images, `[B, H, W, C]`.
            draws: Two numbers from U[0, 1) per image, `[B, 2]`: whether to swap, and with which
                stored image.

        Returns:
            Images of the same shape.
        """
        images = tf.stop_gradient(tf.convert_to_tensor(images))
        if not self.size:
            return images
        old, count = self.images.value, tf.convert_to_tensor(self.count.value)
        batch = tf.shape(images, tf.int64)[0]
        row = tf.range(batch)

        # What each row does, and in which slot of the pool. The row where filling ends is known in
        # advance, so no loop over rows is needed: only whether an earlier row wrote to the same
        # slot.
        filling = count + row < self.size
        swapping = ~filling & (draws[:, 0] < 0.5)
        writing = filling | swapping
        chosen = tf.cast(tf.floor(draws[:, 1] * self.size), tf.int64)
        slot = tf.where(filling, count + row, tf.minimum(chosen, self.size - 1))

        rivals = writing[tf.newaxis] & (slot[tf.newaxis] == slot[:, tf.newaxis])
        writers = tf.where(rivals, row[tf.newaxis], -1)  # [row, writer]; -1: does not write.
        earlier = tf.where(row[tf.newaxis] < row[:, tf.newaxis], writers, -1)

        stored = tf.gather(old, slot)
        found = _latest(earlier, images, stored)
        # All rows of one slot write the image that the last of them leaves there, so their order
        # does not matter; rows that store nothing write back what is there.
        left = _latest(writers, images, stored)
        self.images.assign(tf.tensor_scatter_nd_update(old, slot[:, tf.newaxis], left))
        self.count.assign(tf.minimum(count + batch, self.size))
        return tf.where(_per_image(swapping), found, images)

    def compute_output_shape(self, images_shape: Any, draws_shape: Any) -> Any:
        """Returns the shape of the images.

        Args:
            images_shape: Shape of the images.
            draws_shape: Unused.
        """
        return images_shape

    def save_own_variables(self, store: Any) -> None:
        """Saves the pools of all replicas.

        Args:
            store: Mapping from names to saved values.
        """
        for variable in self.variables:
            store[variable.name] = of_all_replicas(variable)

    def load_own_variables(self, store: Any) -> None:
        """Loads the pools of all replicas.

        Args:
            store: Mapping from names to saved values.
        """
        for variable in self.variables:
            name = variable.name
            saved = np.asarray(store[name]) if name in store.keys() else None  # noqa: SIM118
            if saved is None or saved.shape[1:] != tuple(variable.shape):
                # Keras retries with an empty store and shows only the last error.
                raise InputError(
                    f"Pool {self.name!r}: expected a file with pools of {self.size} images of "
                    f"shape {self.image_shape}, got none; give the pool the size and shape it was "
                    "saved with."
                )
            assign_replicas(variable, saved)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"size": self.size, "image_shape": self.image_shape}


def _per_image(flags: tf.Tensor) -> tf.Tensor:
    return flags[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _latest(writers: tf.Tensor, images: tf.Tensor, stored: tf.Tensor) -> tf.Tensor:
    """Returns each row's image by its last writer, or what was stored before the batch."""
    last = tf.reduce_max(writers, axis=1)
    written = tf.gather(images, tf.maximum(last, 0))
    return tf.where(_per_image(last >= 0), written, stored)
