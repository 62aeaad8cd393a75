"""What a run does that depends on the kind of model: its data, its sample sheets, its scores."""

from collections.abc import Callable, Mapping
from typing import Any

from ml_collections import ConfigDict

from tfgan_zoo.errors import InputError
from tfgan_zoo.models import (
    GANCLS,
    SRGAN,
    GANModel,
    ImageToImage,
    JointEmbedding,
    NoiseToImage,
)
from tfgan_zoo.tasks.base import Workload
from tfgan_zoo.tasks.noise_to_image import NoiseToImageWorkload
from tfgan_zoo.tasks.super_resolution import SuperResolutionWorkload
from tfgan_zoo.tasks.text_to_image import (
    JointEmbeddingWorkload,
    TextToImageWorkload,
    with_vocabulary,
)
from tfgan_zoo.tasks.translation import TranslationWorkload

__all__ = ["Workload", "completed", "open_workload"]

_WORKLOADS: dict[type[GANModel], Callable[..., Workload]] = {
    SRGAN: SuperResolutionWorkload,
    ImageToImage: TranslationWorkload,
    GANCLS: TextToImageWorkload,
    NoiseToImage: NoiseToImageWorkload,
    JointEmbedding: JointEmbeddingWorkload,
}


def open_workload(config: ConfigDict, model: GANModel, like: Workload | None = None) -> Workload:
    """Opens the data of a config, in the way of its model; nothing is decoded yet.

    Args:
        config: of the run.
        model: of the run.
        like: a workload of the same data, whose opened sources are shared; None to open them.

    Raises:
        InputError: if the data cannot be used for the model.
    """
    for kind, workload in _WORKLOADS.items():
        if isinstance(model, kind):
            return workload(config, model, like)
    raise InputError(f"model: no workload is known for {type(model).__name__}.")


def completed(config: ConfigDict, before: Mapping[str, Any] | None = None) -> ConfigDict:
    """Returns a config with the entries that its data decides.

    Args:
        config: of the run.
        before: of a run that is resumed, which they were decided for; None for a new one.

    Raises:
        InputError: if the data cannot be read.
    """
    return with_vocabulary(config, before) if "text_encoder" in config else config
