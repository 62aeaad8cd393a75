"""Tasks: what a run and the commands do that depends on the kind of model.

A model names its kind; `TASKS` has the task of each. A task of your own takes an entry here.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from tfgan_zoo.config import with_changed_defaults
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import MODELS, ZooModel
from tfgan_zoo.models.mechanics.arguments import constructor_arguments
from tfgan_zoo.tasks.attribute_to_image import AttributeToImageTask
from tfgan_zoo.tasks.autoencoder import AutoencoderTask
from tfgan_zoo.tasks.base import Score, Task, Workload, open_source_for
from tfgan_zoo.tasks.classification import ClassificationTask
from tfgan_zoo.tasks.comparison import EvaluationTask
from tfgan_zoo.tasks.held_out import with_held_out
from tfgan_zoo.tasks.joint_embedding import JointEmbeddingTask
from tfgan_zoo.tasks.label_to_image import LabelToImageTask
from tfgan_zoo.tasks.noise_to_image import NoiseToImageTask
from tfgan_zoo.tasks.requests import Request
from tfgan_zoo.tasks.super_resolution import SuperResolutionTask
from tfgan_zoo.tasks.text_to_image import TextToImageTask
from tfgan_zoo.tasks.translation import TranslationTask

__all__ = [
    "TASKS",
    "EvaluationTask",
    "Request",
    "Score",
    "Task",
    "Workload",
    "completed",
    "open_source_for",
    "open_task",
    "open_workload",
    "resolve",
    "task_of",
]

#: Every task by the `kind` of its models.
TASKS: dict[str, type[Task]] = {
    "noise_to_image": NoiseToImageTask,
    "translation": TranslationTask,
    "label_to_image": LabelToImageTask,
    "super_resolution": SuperResolutionTask,
    "text_to_image": TextToImageTask,
    "joint_embedding": JointEmbeddingTask,
    "autoencoder": AutoencoderTask,
    "classification": ClassificationTask,
    "attribute_to_image": AttributeToImageTask,
}


def task_of(model: ZooModel | type[ZooModel]) -> type[Task]:
    """Returns the task of a model, or of a class of models.

    Raises:
        InputError: If there is none of its kind.
    """
    if model.kind not in TASKS:
        name = model.__name__ if isinstance(model, type) else type(model).__name__
        raise InputError(
            f"{name}.kind: expected one of {', '.join(TASKS)}, got {model.kind!r}; derive the "
            "model from a class of such a kind, or add its task to tfgan_zoo.tasks.TASKS."
        )
    return TASKS[model.kind]


def open_task(config: ConfigDict, model: ZooModel, like: Task | None = None) -> Task:
    """Opens the data of a config for its model; nothing is decoded yet.

    Args:
        config: The run's config.
        model: The run's model.
        like: A task on the same data, whose opened sources are shared.

    Raises:
        InputError: If the model cannot use the data.
    """
    return task_of(model)(config, model, like)


def resolve(
    config: ConfigDict,
    before: Mapping[str, Any] | None = None,
    model: type[ZooModel] | None = None,
) -> ConfigDict:
    """Returns a config with the entries that its data decides: held-out splits, a vocabulary.

    And with arguments of the model that it leaves out, if their default is not what it was.

    Args:
        config: The run's config.
        before: The stored config of a run that is resumed, whose entries are kept; None for a new
            run.
        model: The class of the run's model; None to look up `config.model`.

    Raises:
        InputError: If the data cannot be read.
    """
    if model is None:
        model = MODELS.get(config.model)
    if model is None:  # refused when it is built
        return config
    task, before = task_of(model), before or {}
    config = with_changed_defaults(config, before, constructor_arguments(model))
    if task.open_split.__func__ is not Task.open_split.__func__:  # type: ignore[attr-defined]
        config = with_held_out(config, before, task.open_split)
    return task.resolve(model, config, before)


#: Earlier name of `open_task`.
open_workload = open_task

#: Earlier name of `resolve`.
completed = resolve
