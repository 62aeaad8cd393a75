"""Dropout whose masks can be resumed and distributed exactly."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.layers.inference import check_inference


@keras.saving.register_keras_serializable("tfgan_zoo")
class StatelessDropout(keras.layers.Layer):
    """Inverted dropout (Srivastava et al. 2014), its mask a function of seed, name, call and row.

    In training an input is kept with probability `1 - rate` and then divided by `1 - rate`, else
    it is 0; in inference the input is returned as it is, unless `inference` is `paper`.

    `keras.layers.Dropout` differs in two ways that matter: its generator is not saved with the
    weights, so a resumed run draws other masks, and under `tf.distribute` every replica draws the
    same mask. Here the calls are counted in a weight, `counter`, that is saved and restored with
    all others, and the mask is drawn by `tfgan_zoo.noise`: N replicas together draw the mask that
    one replica would draw for the whole batch. It also works inside
    `tf.function(jit_compile=True)`, within a replica.

    Args:
        rate: Probability of setting an input to 0, in `[0, 1)`.
        seed: Seed of the masks. Layers of one seed differ by their `name`.
        inference: `frozen`: at inference the input is returned as it is. `paper`: dropout is the
            only noise of some generators, and stays on (pix2pix, Isola et al. 2016,
            https://arxiv.org/abs/1611.07004): with one mask, a function of seed, name and the
            shape of a sample, for every sample of every call. So the result is always the same
            and does not depend on the batch. (XLA draws another mask than TensorFlow without it.)
        **kwargs: `name`, `dtype` and the like, for `keras.layers.Layer`.

    Input shape:
        Any, floating, the batch first.

    Output shape:
        As the input.

    Raises:
        InputError: If `rate` is outside `[0, 1)` or `inference` is unknown.

    Example:
        >>> layer = StatelessDropout(0.5, seed=1)
        >>> sorted(set(layer(np.ones((4, 100)), training=True).numpy().ravel().tolist()))
        [0.0, 2.0]
        >>> int(layer.counter.numpy())
        1
    """

    def __init__(
        self, rate: float, seed: int = 0, *, inference: str = "frozen", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise InputError(f"The dropout rate must be in [0, 1); got {rate}.")
        self.rate = rate
        self.seed = check_seed(seed, any_integer=True)
        self.inference = check_inference(inference)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Creates the counter of training calls.

        Args:
            input_shape: Not used.
        """
        # One copy per replica, counted by each replica itself: any aggregation at the time of
        # writing would need all replicas to meet, which a nested tf.function does not allow.
        # `add_weight` cannot ask for this. int64, because an int32 variable does not live on a GPU.
        self.counter = keras.Variable(
            "zeros",
            shape=(),
            dtype="int64",
            trainable=False,
            synchronization="on_read",
            aggregation="only_first_replica",
            name="counter",
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Drops inputs in training, and for `paper` in inference.

        Args:
            inputs: Tensor of any shape, the batch first.
            training: Whether to draw a new mask.
        """
        if self.rate == 0 or not (training or self.inference == "paper"):
            return inputs
        if training:
            key = noise.key(self.seed, "dropout", self.name, self.counter.value)
            self.counter.assign_add(1)
            draws = noise.uniform(key, tf.shape(inputs))
        else:
            # `noise.uniform` would give each replica rows of its own.
            key = noise.key(self.seed, "dropout at inference", self.name)
            draws = tf.random.stateless_uniform(tf.shape(inputs)[1:], key, alg="philox")
        keep = draws >= self.rate
        return tf.where(keep, inputs / (1 - self.rate), tf.zeros_like(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the input's shape.

        Args:
            input_shape: Shape of the input.
        """
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {
            "rate": self.rate,
            "seed": self.seed,
            "inference": self.inference,
        }
