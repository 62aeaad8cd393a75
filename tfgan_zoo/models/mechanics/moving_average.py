"""A moving average of the weights that samples and exports show."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.inference import batch_normalizations
from tfgan_zoo.models.mechanics.average import average_of
from tfgan_zoo.models.mechanics.spectral import SpectralLayers
from tfgan_zoo.schedules import Cosine, Setting


class MovingAverage(keras.Model):
    """Averages the weights of the networks that the role `shown` has.

    Weights are averaged with a half-life in images; batch statistics, which are averages already,
    are copied, unless the average has its own. The vectors of spectrally normalised layers are
    those of the averaged kernels.
    """

    #: The role whose networks samples, averages, exports and rematerialization use; None for none.
    shown: str | None = None
    #: Whether the batch statistics of an average are those of its own passes, which
    #: the train step then runs in training mode; otherwise they are copied.
    average_has_own_statistics = False
    ema_half_life: Setting | None
    step: Any
    ema_ramp_up: float
    #: Copies of the shown networks with averaged weights, in their order; empty without an average.
    averages: list[keras.Model]
    predict_function: Any
    _shows_average = True

    def shown_networks(self) -> list[keras.Model]:
        """Returns the networks of the role `shown`."""
        return self.roles().get(self.shown or "", [])

    def _build_averages(self) -> None:
        self.averages = []
        if self.ema_half_life is None:
            return
        if not self.shown_networks():
            raise InputError(
                f"ema_half_life: expected None for {type(self).__name__}, which has no network "
                f"to average, got {self.ema_half_life}."
            )
        self.averages = [average_of(network) for network in self.shown_networks()]
        self._spectral_averages = SpectralLayers({"average": self.averages})
        own = self._spectral_averages.vectors()
        for average in self.averages if self.average_has_own_statistics else ():
            for layer in batch_normalizations(average):
                layer.trainable = True  # Otherwise Keras runs it in inference mode.
                own += layer.non_trainable_variables
        self._not_copied = {id(v) for v in own}

    def sampling_network(self, network: keras.Model) -> keras.Model:
        """Returns the network that draws samples: the average of a shown one, if there is one."""
        if not (self.averages and self._shows_average):
            return network
        return self.averages[self.shown_networks().index(network)]

    @contextlib.contextmanager
    def raw_weights(self) -> Iterator[None]:
        """A context in which samples and exports show the weights themselves, not their average."""
        # The graph of `predict` holds the networks that it was traced with.
        traced, self.predict_function = self.predict_function, None
        self._shows_average = False
        try:
            yield
        finally:
            self._shows_average = True
            self.predict_function = traced

    def start_from(self, other: Any) -> None:
        """Takes over the shown networks of another model, as its samples show them.

        Raises:
            ValueError: If they are other networks.
        """
        networks = self.shown_networks()
        for mine, theirs in zip(networks, other.shown_networks(), strict=True):
            mine.set_weights(other.sampling_network(theirs).get_weights())
        self.restart_averages()

    def restart_averages(self) -> None:
        """Sets the averages to the weights of their networks."""
        if self.averages:
            for network, average in zip(self.shown_networks(), self.averages, strict=True):
                average.set_weights(network.get_weights())

    def _move_average(self, batch: tf.Tensor) -> None:
        """Moves the averages towards the weights, by the number of images in a batch."""
        if isinstance(self.ema_half_life, Cosine):
            half_life = self.ema_half_life(self.step.value - 1)  # This step has been counted.
        else:
            seen = tf.cast(self.images_seen.value, tf.float32)
            half_life = tf.minimum(float(self.ema_half_life or 0), self.ema_ramp_up * seen)
        keep = 0.5 ** (batch / tf.maximum(half_life, 1e-8))
        for network, average in zip(self.shown_networks(), self.averages, strict=True):
            trainable = {id(v) for v in network.trainable_variables}
            for new, mean in zip(network.variables, average.variables, strict=True):
                if id(new) in trainable:  # One operation for what would be three.
                    tf.raw_ops.ResourceApplyGradientDescent(
                        var=mean.value.handle,
                        alpha=tf.cast(1 - keep, mean.dtype),
                        delta=mean.value - tf.cast(new.value, mean.dtype),
                    )
                elif id(mean) not in self._not_copied:  # Batch statistics are averages already.
                    mean.assign(new.value)
        self._spectral_averages.advance("average")
