"""What a model logs, declared by name and kept as running means."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from tfgan_zoo import keras_internals


class Logs(keras.Model):
    """Keeps a running mean of each log, which Keras' `fit` resets at the start of an epoch."""

    #: Every name that `train_step` logs.
    log_names: tuple[str, ...] = ("loss",)
    #: The logs that progress bars show.
    main_logs: tuple[str, ...] = ("loss",)
    #: Prefix of the logs of each role; a role that is not named has the logs without a prefix.
    log_prefixes: Mapping[str, str] = {}

    def _build_logs(self) -> None:
        # In float32 whatever the networks' type is: means of many small numbers.
        self.trackers = {
            name: keras.metrics.Mean(name=name, dtype="float32") for name in self.log_names
        }
        self.evaluated_batches = keras.metrics.Sum(name="evaluated_batches", dtype="float32")
        # A metric, as metrics are not saved with the weights: older checkpoints still load.
        self.nonfinite_steps = keras.metrics.Sum(name="nonfinite_steps", dtype="float32")

    def logs_of(self, role: str) -> tuple[str, ...]:
        """Returns the names of a role's logs."""
        prefix = self.log_prefixes.get(role, "")
        others = tuple(p for r, p in self.log_prefixes.items() if r != role)
        return tuple(
            name
            for name in self.log_names
            if name.startswith(prefix) and (prefix or not name.startswith(others))
        )

    def log(
        self, logs: Mapping[str, tf.Tensor], weight: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Adds to the running means and returns them.

        Args:
            logs: One scalar for each of `log_names`.
            weight: How much they count, a float32 scalar; None if all count alike.
        """
        if set(logs) != set(self.trackers):
            raise ValueError(f"logs: expected {sorted(self.trackers)}, got {sorted(logs)}.")
        for name, tracker in self.trackers.items():
            keras_internals.add_to_mean(tracker, tf.cast(logs[name], tf.float32), weight)
        # Keras averages logs over workers along their first axis.
        shape = [1] if keras_internals.spans_workers(tf.distribute.get_strategy()) else []
        return {name: tf.reshape(t.result(), shape) for name, t in self.trackers.items()}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the logged values."""
        return [*self.trackers.values(), self.evaluated_batches, self.nonfinite_steps]


def mean_logs(updates: Sequence[Mapping[str, tf.Tensor]]) -> dict[str, tf.Tensor]:
    """Returns the mean of each log over the updates that a role makes in one train step.

    Example:
        >>> mean_logs([{"d_idle": tf.constant(x)} for x in (0.0, 1.0)])["d_idle"].numpy()
        np.float32(0.5)
    """
    if len(updates) == 1:
        return dict(updates[0])
    return {name: tf.add_n([each[name] for each in updates]) / len(updates) for name in updates[0]}
