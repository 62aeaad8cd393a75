"""Images and their classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import pictures
from tfgan_zoo.data import Source
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import Classifier
from tfgan_zoo.tasks.base import Score, Task
from tfgan_zoo.tasks.classes import check_same
from tfgan_zoo.tasks.images import HeldOutImagesTask, with_class_names


class ClassificationTask(HeldOutImagesTask):
    """Images to classify, and others that are held out to score on."""

    data_entries = ("class_names",)
    evaluates = ""
    use = (
        "classifies images and generates none; export it, or start a dtn run from it with "
        "--config.train.generator_from"
    )

    def __init__(self, config: ConfigDict, model: Classifier, like: Task | None = None):
        super().__init__(config, model, like)
        labels_of(self.opened, "data.source")
        names = tuple(config.data.get("class_names", ()) or self.opened.class_names)
        check_same(self.opened, names)
        if self.opened_held_out is not self.opened:
            labels_of(self.opened_held_out, "evaluate.split")
            found = self.opened_held_out.class_names
            if found != names[: len(found)]:  # Numbered classes may lack the last.
                raise InputError(
                    f"evaluate.split: expected the classes of the training data, got others in "
                    f"{config.evaluate.split!r} of {config.data.source}."
                )

    @property
    def parts(self) -> tuple[str, ...]:
        """What training batches hold besides images."""
        return ("label",)

    @property
    def held_out_labels(self) -> np.ndarray:
        """Class numbers of the held-out images."""
        return labels_of(self.held_out_source, "")[self.some_held_out[1]]

    def describe(self) -> str:
        """See `Task.describe`."""
        return f"{super().describe()} of {self.model.num_classes} classes"

    def sheet(self, model: Any) -> np.ndarray:
        """Draws a row of held-out images for each class that the model takes some of them for."""
        images = self.held_out
        found = model.classify(images).argmax(axis=1)
        names = self.config.data.get("class_names", ()) or self.opened.class_names
        shown = sorted(set(found.tolist()))[: self.config.train.samples]
        rows = [
            images[np.flatnonzero(found == each)[np.arange(8) % (found == each).sum()]]
            for each in shown
        ]
        return pictures.labelled_rows([names[each] for each in shown], np.stack(rows))

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`."""
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)

        def accuracy(model: Any) -> dict[str, float]:
            found = model.classify(self.held_out[:num]).argmax(axis=1)
            return {"held_out_accuracy": float(np.mean(found == self.held_out_labels[:num]))}

        return {"held_out_accuracy": Score(accuracy, "held_out_accuracy", 1)}

    @classmethod
    def resolve(cls, model: type[Any], config: ConfigDict, before: Mapping[str, Any]) -> ConfigDict:
        """Notes the names of the classes; see `Task.resolve`."""
        return with_class_names(config, before, lambda source: labels_of(source, "data.source"))

    @classmethod
    def refusal(cls, workdir: str, model: Any = None) -> InputError:
        """See `Task.refusal`."""
        if Path(workdir).expanduser().resolve().name == "pretraining":
            return InputError(
                f"--workdir: {workdir!r} is the first stage of a run and draws nothing; give the "
                "run itself, the folder that holds it."
            )
        return super().refusal(workdir, model)


def labels_of(source: Source, entry: str) -> np.ndarray:
    """Returns the class numbers of a source.

    Raises:
        InputError: If it has none.
    """
    if source.labels is None:
        raise InputError(
            f"{entry}: expected images with classes, got {source.spec}, which has none; see "
            "docs/data.md for how a source holds labels."
        )
    return source.part("label")
