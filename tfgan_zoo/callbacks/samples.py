"""Pictures of a model's samples during training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import pictures
from tfgan_zoo.callbacks.sampling import check_samples
from tfgan_zoo.callbacks.schedule import Schedule


class SampleSheet(keras.callbacks.Callback):
    """Draws samples of the model into `step_<n>.png`.

    Args:
        folder: Folder of the pictures.
        when: When to draw; None for the end of every epoch.
        draw: Function of the model that returns the picture, uint8 of shape (height, width, 3);
            None for 64 samples of a noise-to-image model, from fixed latents. Conditional models
            need it, and models that translate images.
        events: Writer of TensorBoard events, to show the picture there; None for none.
        first: Whether to draw before the first step, too.

    Raises:
        InputError: When training begins, if the model cannot be sampled without `draw`.

    Example:
        >>> model.fit(dataset, epochs=10, callbacks=[SampleSheet("samples")])
    """

    def __init__(
        self,
        folder: str | Path,
        when: Schedule | None = None,
        draw: Callable[[Any], np.ndarray] | None = None,
        events: Any = None,
        first: bool = False,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.when = when
        self.draw = draw or _sheet
        self.events = events
        self.first = first

    def on_train_begin(self, logs=None):
        """Checks that the model can be drawn, and draws the untrained one if asked for."""
        if self.draw is _sheet:
            example = "lambda model: pictures.sheet(model.generate({}))"
            check_samples(self.model, type(self).__name__, "draw", example)
        if self.first and self.model.steps_done == 0:
            self.draw_now()

    def on_epoch_end(self, epoch, logs=None):
        """Draws when due."""
        if self.when is None or self.when.due(self.model.steps_done):
            self.draw_now()

    def draw_now(self) -> None:
        """Draws the model as it is."""
        step = self.model.steps_done
        sheet = self.draw(self.model)
        pictures.save_png(self.path(step), sheet)
        if self.events is not None:
            with self.events.as_default(step):
                tf.summary.image("samples", sheet[np.newaxis])

    def path(self, step: int) -> Path:
        """Returns the file of a step's picture."""
        return self.folder / f"step_{step:08d}.png"


def _sheet(model: Any) -> np.ndarray:
    return pictures.sheet(model.generate(64))
