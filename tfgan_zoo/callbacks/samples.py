"""Pictures of samples, from the same noise, as training goes."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import pictures
from tfgan_zoo.callbacks.records import Schedule


class SampleSheet(keras.callbacks.Callback):
    """Draws a noise->image model's samples from fixed latents into `step_<n>.png`.

    Args:
        folder: where the pictures go.
        when: when to draw; None for the end of every epoch.
        num: samples on a sheet.
        seed: of the latents.
        data: real samples, for a scatter plot of 2-D points.
        events: shows the picture in TensorBoard too; None for none.

    Example:
        >>> model.fit(dataset, epochs=10, callbacks=[SampleSheet("samples")])
    """

    def __init__(
        self,
        folder: str | Path,
        when: Schedule | None = None,
        num: int = 64,
        seed: int = 0,
        data: np.ndarray | None = None,
        events: Any = None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.when = when
        self.num = num
        self.seed = seed
        self.data = data
        self.events = events

    def on_epoch_end(self, epoch, logs=None):
        """Draws, when it is time to."""
        step = self.model.steps_done
        if self.when is not None and not self.when.due(step):
            return
        sheet = pictures.sheet(self.model.generate(self.num, self.seed), self.data)
        pictures.save_png(self.folder / f"step_{step:08d}.png", sheet)
        if self.events is not None:
            with self.events.as_default(step):
                tf.summary.image("samples", sheet[np.newaxis])
