"""A history of generated images for the discriminator to see."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.per_replica import assign_replicas, of_all_replicas


@keras.saving.register_keras_serializable("tfgan_zoo")
class ImagePool(keras.layers.Layer):
    """Mixes older generated images among new ones.

    A discriminator that sees only the newest images forgets what it knew of older ones, and the
    two players may go round in circles (Shrivastava et al. 2016, https://arxiv.org/abs/1612.07828;
    CycleGAN, Zhu et al. 2017, https://arxiv.org/abs/1703.10593, has a pool of 50). As in the
    authors' code, image by image in the order of the batch:

        while fewer than `size` are stored: store the image, and return it;
        afterwards, with probability 1/2: return a random stored image, and store this one instead;
        else: return the image.

    The result is a function of the state and of `draws` alone. No gradient goes through it.

    The state is saved with the weights. Under a `tf.distribute` strategy every replica has a pool
    of its own, and all of them are saved, one after the other; of a file of n pools, replica r
    takes number r modulo n.

    Args:
        size: How many images are stored; 0 for none: images come back as they are.
        image_shape: `(height, width, channels)` of an image.
        **kwargs: `name` and the like, for `keras.layers.Layer`. The type is float32.

    Raises:
        InputError: If an argument cannot be used; when loaded (Keras makes a `ValueError` of it),
            if the file's pool is of another size or shape.

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
            raise InputError(f"size must be an integer of at least 0; got {size!r}.")
        if len(self.image_shape) != 3 or not all(
            isinstance(n, int) and n > 0 for n in self.image_shape
        ):
            raise InputError(
                f"image_shape must be (height, width, channels), all above 0; got {image_shape!r}."
            )
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """Creates the state, when called by the constructor.

        Args:
            input_shape: Not used.
        """
        if self.size and not self.variables:
            self.images = _own_variable("images", (self.size, *self.image_shape), "float32")
            self.count = _own_variable("count", (), "int64")

    def call(self, images: Any, draws: Any) -> tf.Tensor:
        """Stores images and returns as many, new or old.

        Args:
            images: Generated images, `[B, H, W, C]`.
            draws: Two numbers from U[0, 1) for each, `[B, 2]`: whether to swap, and for which.

        Returns:
            Images of the same shape.
        """
        images = tf.stop_gradient(tf.convert_to_tensor(images))
        if not self.size:
            return images
        old, count = self.images.value, tf.convert_to_tensor(self.count.value)
        batch = tf.shape(images, tf.int64)[0]
        row = tf.range(batch)

        # What each row does, and to which place. Where filling ends is known beforehand, so the
        # rows need no loop: only which of them find the place taken by an earlier one.
        filling = count + row < self.size
        swapping = ~filling & (draws[:, 0] < 0.5)
        writing = filling | swapping
        chosen = tf.cast(tf.floor(draws[:, 1] * self.size), tf.int64)
        place = tf.where(filling, count + row, tf.minimum(chosen, self.size - 1))

        rivals = writing[tf.newaxis] & (place[tf.newaxis] == place[:, tf.newaxis])
        writers = tf.where(rivals, row[tf.newaxis], -1)  # [row, writer], -1 where it is none.
        earlier = tf.where(row[tf.newaxis] < row[:, tf.newaxis], writers, -1)

        stored = tf.gather(old, place)
        found = _latest(earlier, images, stored)
        # Rows of one place all write what the last of them leaves there, so their order is no
        # matter; rows that write nothing write what is there.
        left = _latest(writers, images, stored)
        self.images.assign(tf.tensor_scatter_nd_update(old, place[:, tf.newaxis], left))
        self.count.assign(tf.minimum(count + batch, self.size))
        return tf.where(_per_image(swapping), found, images)

    def compute_output_shape(self, images_shape: Any, draws_shape: Any) -> Any:
        """Returns the shape of the images.

        Args:
            images_shape: Shape of the images.
            draws_shape: Not used.
        """
        return images_shape

    def save_own_variables(self, store: Any) -> None:
        """Saves the pools of all replicas.

        Args:
            store: Where to, by name.
        """
        for variable in self.variables:
            store[variable.name] = of_all_replicas(variable)

    def load_own_variables(self, store: Any) -> None:
        """Loads the pools of all replicas.

        Args:
            store: Where from, by name.
        """
        for variable in self.variables:
            name = variable.name
            saved = np.asarray(store[name]) if name in store.keys() else None  # noqa: SIM118
            if saved is None or saved.shape[1:] != tuple(variable.shape):
                # Keras tries again where there is nothing, and shows the last sentence only.
                raise InputError(
                    f"Pool {self.name!r}: expected a file with pools of {self.size} images of "
                    f"shape {self.image_shape}, got none; give the pool the size and shape it was "
                    "saved with."
                )
            assign_replicas(variable, saved)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"size": self.size, "image_shape": self.image_shape}


def _own_variable(name: str, shape: tuple[int, ...], dtype: str) -> keras.Variable:
    """A variable of which each replica has a copy of its own: as `counter` of StatelessDropout."""
    return keras.Variable(
        "zeros",
        shape=shape,
        dtype=dtype,
        trainable=False,
        autocast=False,
        synchronization="on_read",
        aggregation="only_first_replica",
        name=name,
    )


def _per_image(flags: tf.Tensor) -> tf.Tensor:
    return flags[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _latest(writers: tf.Tensor, images: tf.Tensor, stored: tf.Tensor) -> tf.Tensor:
    """For each row the image of its last writer, or else what was stored before the batch."""
    last = tf.reduce_max(writers, axis=1)
    written = tf.gather(images, tf.maximum(last, 0))
    return tf.where(_per_image(last >= 0), written, stored)
