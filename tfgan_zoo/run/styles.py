"""The styles of classes that a finished run keeps, in `styles.npz`."""

from pathlib import Path

import numpy as np

from tfgan_zoo import atomic
from tfgan_zoo.models import LabelToImage, ZooModel
from tfgan_zoo.run.folder import Run


def styles_file(run: Run) -> Path:
    """Returns the file with a run's styles."""
    return run.path / "styles.npz"


def store(run: Run, model: ZooModel) -> None:
    """Stores the styles of a finished run, with the step of the weights that they belong to."""
    if isinstance(model, LabelToImage) and model.style_size:
        with atomic.replacing(styles_file(run), ending=".part.npz") as temporary:
            np.savez(temporary, styles=model.styles.numpy(), step=model.steps_done)


def restore(run: Run, model: ZooModel) -> None:
    """Gives a model its run's styles, if there are any and they belong to its weights."""
    if not (isinstance(model, LabelToImage) and model.style_size and styles_file(run).exists()):
        return
    with np.load(styles_file(run)) as stored:
        if int(stored["step"]) == model.steps_done:
            model.styles.assign(stored["styles"])
