"""Dropout with masks that can be resumed and distributed exactly."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError, check_seed
from tfgan_zoo.layers.inference import check_inference
from tfgan_zoo.layers.per_replica import per_replica_variable


@keras.saving.register_keras_serializable("tfgan_zoo")
class StatelessDropout(keras.layers.Layer):
    """Inverted dropout (Srivastava et al. 2014) with a mask given by seed, name, call and row.

    In training, an input is kept with probability `1 - rate` and divided by `1 - rate`; otherwise
    it becomes 0. At inference, inputs are returned unchanged unless `inference` is `paper`.

    `keras.layers.Dropout` differs in two ways: its generator is not saved with the weights, so a
    resumed run draws different masks, and under `tf.distribute` every replica draws the same mask.
    This layer counts its calls in a weight, `counter`, which is saved and restored like all others,
    and draws its masks with `tfgan_zoo.noise`, so that N replicas together draw the mask that one
    replica would draw for the whole batch. It also works inside `tf.function(jit_compile=True)`,
    within a replica.

    Args:
        rate: Probability of setting an input to 0, in `[0, 1)`.
        seed: Seed of the masks. Layers with the same seed differ by their `name`.
        inference: `frozen`: inputs are returned unchanged at inference. `paper`: dropout stays on,
            for generators that have no other noise (pix2pix, Isola et al. 2016,
            https://arxiv.org/abs/1611.07004). One mask, a function of seed, name and the shape of a
            sample, serves every sample of every call, so the result is always the same and does not
            depend on the batch. (XLA draws another mask than TensorFlow without XLA.)
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        Any shape, floating, with the batch first.

    Output shape:
        Same shape as the input.

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
            raise InputError(f"dropout rate: expected a number in [0, 1), got {rate}.")
        self.rate = rate
        self.seed = check_seed(seed, any_integer=True)
        self.inference = check_inference(inference)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Creates the counter of training calls.

        Args:
            input_shape: Unused.
        """
        self.counter = per_replica_variable("counter", (), "int64")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Drops inputs in training and, in mode `paper`, at inference.

        Args:
            inputs: Tensor of any shape, with the batch first.
            training: Whether to draw a new mask.
        """
        if self.rate == 0 or not (training or self.inference == "paper"):
            return inputs
        if training:
            key = noise.key(self.seed, "dropout", self.name, self.counter.value)
            self.counter.assign_add(1)
            draws = noise.uniform(key, tf.shape(inputs))
        else:
            # `noise.uniform` would draw different rows on each replica.
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
