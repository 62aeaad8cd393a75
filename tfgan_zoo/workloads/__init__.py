"""What a run does that depends on the kind of model: its data, its sample sheets, its scores."""

from collections.abc import Callable

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
from tfgan_zoo.workloads.base import Workload
from tfgan_zoo.workloads.noise_to_image import NoiseToImageWorkload
from tfgan_zoo.workloads.super_resolution import SuperResolutionWorkload
from tfgan_zoo.workloads.text_to_image import (
    JointEmbeddingWorkload,
    TextToImageWorkload,
    with_vocabulary,
)
from tfgan_zoo.workloads.translation import TranslationWorkload

__all__ = ["Workload", "completed", "open_workload"]

_WORKLOADS: dict[type[GANModel], Callable[..., Workload]] = {
    NoiseToImage: NoiseToImageWorkload,
    SRGAN: SuperResolutionWorkload,
    ImageToImage: TranslationWorkload,
    GANCLS: TextToImageWorkload,
    JointEmbedding: JointEmbeddingWorkload,
}


def open_workload(config: ConfigDict, model: GANModel) -> Workload:
    """Opens the data of a config, in the way of its model.

    Raises:
        InputError: if the data cannot be used for the model.
    """
    for kind, workload in _WORKLOADS.items():
        if isinstance(model, kind):
            return workload(config, model)
    raise InputError(f"model: no workload is known for {type(model).__name__}.")


def completed(config: ConfigDict) -> ConfigDict:
    """Returns a config with the entries that its data decides.

    Raises:
        InputError: if the data cannot be read.
    """
    return with_vocabulary(config) if "text_encoder" in config else config
