"""Pictures of samples, from the same noise, as training goes."""

from pathlib import Path

import keras
import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.callbacks.records import Schedule


class SampleSheet(keras.callbacks.Callback):
    """Draws a noise->image model's samples from fixed latents into `step_<n>.png`.

    Args:
        folder: where the pictures go.
        when: when to draw.
        num: samples on a sheet.
        seed: of the latents.
        data: real samples, for a scatter plot of 2-D points.
    """

    def __init__(
        self,
        folder: str | Path,
        when: Schedule,
        num: int = 64,
        seed: int = 0,
        data: np.ndarray | None = None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.when = when
        self.num = num
        self.seed = seed
        self.data = data

    def on_epoch_end(self, epoch, logs=None):
        """Draws, when it is time to."""
        step = int(self.model.step)
        if self.when.due(step):
            pictures.save_png(self.folder / f"step_{step:08d}.png", self.draw())

    def draw(self) -> np.ndarray:
        """Returns the sheet, uint8, shape (height, width, 3)."""
        return pictures.sheet(self.model.generate(self.num, self.seed), self.data)
