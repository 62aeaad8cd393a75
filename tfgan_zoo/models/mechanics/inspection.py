"""Checks of the first batch of `fit` and similar methods, before a train step uses it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.errors import warn_user
from tfgan_zoo.models.mechanics import batches, parts
from tfgan_zoo.models.mechanics.arguments import check_range, stack_images


class Inspection(keras.Model):
    """Checks shapes and ranges of images where data enters a model.

    Arrays are checked at once. Of datasets, the first batch is checked when it comes.
    """

    #: Whether the first batch is looked at whatever its type, for `check_batch`.
    looks_at_first_batch = False
    #: What floats of 0 and more may be, and what to give in their place.
    half_range = (
        "as in images divided by 255, which are half of that range; scale pixels by "
        "x / 127.5 - 1, or give them as uint8."
    )

    def _build_inspection(self) -> None:
        # By phase, "training" or "testing": the name, for messages, of batches still to be checked.
        self._uninspected: dict[str, str] = {}
        self._reported: set[str] = set()

    def check_batch(self, batches: Sequence[Any], phase: str, called: str) -> None:
        """Checks the first batch of `fit`, `evaluate` or `train_on_batch`, before it is used.

        A subclass overrides it where something besides images can be wrong.

        Args:
            batches: The batch of each replica of this process, as a train step gets it.
            phase: "training" or "testing".
            called: The name of batches in a message.

        Raises:
            InputError: If the batch cannot be used.
        """

    def looks_at(self, element_spec: Any) -> bool:
        """Returns whether `check_batch` needs the first batch of a dataset.

        Args:
            element_spec: That of an iterator of batches.
        """
        del element_spec
        return self.looks_at_first_batch

    def check_condition(self, data: Any, called: str, advice: str = "") -> None:
        """Checks the condition in training data, of arrays in all samples.

        Args:
            data: A batch, or all samples in arrays.
            called: The name of the data in a message; empty for the name of the part alone.
            advice: The end of a message about values that the networks do not know.

        Raises:
            InputError: If the networks cannot take it.
        """

    def training_warnings(self, batch_size: int) -> list[str]:
        """Returns warnings about settings that are likely to cause problems in training.

        `fit` warns of each once.

        Args:
            batch_size: Samples of a train step on each replica.
        """
        del batch_size
        return []

    def report_warnings(self, batch_size: int, report: Callable[[str], None]) -> None:
        """Reports each of `training_warnings` once; `fit` does not repeat it."""
        for warning in self.training_warnings(batch_size):
            self._report_once(warning, warning, report)

    def checked_images(
        self, images: Any, name: str = "images", shape: parts.Shape | None = None
    ) -> Any:
        """Returns images as one array whose range can be that of images: see `check_range`.

        Args:
            images: An array or tensor that has its values, or a list with one per image.
            name: Their name in a message.
            shape: The shape of one, None for any size, to check before they are taken apart.

        Raises:
            InputError: If they differ in shape, have another one, or are floats far outside
                [-1, 1].
        """
        images = stack_images(images, name)
        if shape is not None and hasattr(images, "shape"):
            parts.check_shape_of(images, shape, name)
        if check_range(images, name):
            self._warn_of_range(name)
        return images

    # ------------------------------------------------------------------ for `fit` and similar

    def _inspect_data_of_fit(self, arguments: Mapping[str, Any]) -> None:
        size = arguments.get("batch_size") or batches.KERAS_BATCH_SIZE
        data = (arguments["x"],) if arguments.get("y") is None else (arguments["x"], arguments["y"])
        self._inspect_data("training", data, size, "Training batches")
        held_out = arguments.get("validation_data")
        if held_out is not None:
            self._inspect_data("testing", held_out, size, "validation_data")

    def _inspect_data(self, phase: str, data: Any, size: int, called: str) -> None:
        """Checks a batch of arrays now, and the first batch of anything else when it is read."""
        self._uninspected.pop(phase, None)
        rows = batches.some_rows(data, size)
        if rows is None:
            self._uninspected[phase] = called
        else:
            replicas = self.distribute_strategy.num_replicas_in_sync
            self._inspect([rows], phase, called, replicas=replicas, of=data)

    def _inspecting(self, function: Callable, phase: str) -> Callable:
        """Makes a function check the first batch of an iterator before it uses it."""

        def inspect_and_run(iterator):
            if phase in self._uninspected:
                called = self._uninspected.pop(phase)
                if isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator)):
                    iterator = self._inspected(iterator, phase, called)
            return function(iterator)

        return inspect_and_run

    def _inspected(self, iterator: Any, phase: str, called: str) -> Any:
        """Checks the next batch if it may be wrong; returns an iterator of the same batches."""
        unread = phase == "training" and not self.texts_checked
        unsure, num = parts.needs_check(iterator.element_spec, self.batch_spec(), strings=unread)
        if phase == "training" and num is not None:
            self.report_warnings(num, warn_user)
        elif phase == "training" and any(map(self.training_warnings, (1, 2))):
            unsure = True
        if unsure or self.looks_at(iterator.element_spec):
            read, iterator = batches.read_ahead(iterator, self.steps_per_execution)
            counts = self._inspect(read, phase, called)
            batches.check_shares_of([count for count in counts if count is not None])
        return iterator

    def _inspect(
        self,
        each: Sequence[Any],
        phase: str,
        called: str,
        *,
        first: bool = True,
        replicas: int = 1,
        of: Any = None,
    ) -> list[int | None]:
        """Checks a batch, and returns its number of images on each replica.

        Args:
            each: The batch of each replica of this process.
            phase: See `check_batch`.
            called: See `check_batch`.
            first: Whether to call `check_batch`.
            replicas: The number of replicas that each of these batches is divided among.
            of: The arrays that the batch is from, of which all samples' condition is checked; None
                to check that of the batch.
        """
        counts = []
        for data in each:
            doubtful, num = parts.check_values(data, self.batch_spec(), called)
            if doubtful:
                self._warn_of_range(called)
            if phase == "training" and num is not None:
                self.report_warnings(num // replicas, warn_user)
            counts.append(num)
        if first and each:
            for data in each if of is None else [of]:
                self.check_condition(data, called)
            self.check_batch(each, phase, called)
        return counts

    def _warn_of_range(self, name: str) -> None:
        self._report_once(
            "range",
            f"{name}: expected floats in [-1, 1], got none below 0, {self.half_range}",
            warn_user,
        )

    def _report_once(self, kind: str, sentence: str, report: Callable[[str], None]) -> None:
        if kind not in self._reported:
            self._reported.add(kind)
            report(sentence)
