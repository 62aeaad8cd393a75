"""Features that images are compared in. `base.Features` is their interface."""

import os
import re
from pathlib import PurePath

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features.base import Features, as_bytes
from tfgan_zoo.metrics.features.classifiers import CLASSIFIERS, ClassifierFeatures
from tfgan_zoo.metrics.features.efficientnet import EfficientNetFeatures, is_installed
from tfgan_zoo.metrics.features.keras_model import ModelFeatures
from tfgan_zoo.networks.features import feature_network, made_for
from tfgan_zoo.suggestions import did_you_mean

__all__ = [
    "FEATURES",
    "ClassifierFeatures",
    "EfficientNetFeatures",
    "Features",
    "ModelFeatures",
    "as_bytes",
    "features_of_source",
    "needs_download",
    "open_auto",
    "open_features",
]

FEATURES = ("inception", "inception_antialiased", "efficientnet_lite0", *CLASSIFIERS)
"""Names that `open_features` accepts."""


def open_features(name: str, inception: str | os.PathLike | None = None) -> Features:
    """Opens features by name.

    Args:
        name: One of `FEATURES`; or `NETWORK:LAYER` as in `networks.features`, for that layer's mean
            over positions.
        inception: File of Inception-v3, see `inception.InceptionFeatures`; None to download it.

    Raises:
        InputError: If the name is unknown, or its network is not available.

    Example:
        >>> open_features("mnist_v1").dim
        64
    """
    if ":" in name:
        return _of_layer(name)
    if name not in FEATURES:
        raise InputError(f"features: there is no {name!r}{did_you_mean(name, ('auto', *FEATURES))}")
    if name in CLASSIFIERS:
        return ClassifierFeatures(name)
    if name == "efficientnet_lite0":
        return EfficientNetFeatures()
    from tfgan_zoo.metrics.features.inception import InceptionFeatures

    resizer = "legacy" if name == "inception" else "antialiased"
    return InceptionFeatures(inception, resizer=resizer)


def _of_layer(name: str) -> Features:
    import keras

    network = feature_network(name)
    if isinstance(network.output, list):
        raise InputError(f"features: expected one layer, got {name!r}.")
    images = keras.Input(made_for(network))
    return ModelFeatures(keras.Model(images, network(images)), name, batch_size=64)


def features_of_source(spec: str) -> str:
    """Returns the name of the features that suit a data source: a classifier's, or Inception's.

    A folder or file of MNIST or Fashion-MNIST is recognised by its name in any spelling. The names
    of idx files and torchvision's folder `raw` below it are ignored.

    Example:
        >>> [features_of_source(s) for s in ("figures/full", "tfds:mnist", "idx:~/fashion_mnist")]
        ['figures_v1', 'mnist_v1', 'fashion_mnist_v1']
        >>> features_of_source("folder:mnist/photos")
        'inception'
    """
    kind, _, rest = spec.lower().partition(":")
    if kind.split("/")[0] == "figures":
        return "figures_v1"
    parts = [part for part in PurePath(rest).parts if not re.fullmatch(r"raw|.*ubyte(\.gz)?", part)]
    # The name of a TFDS data set may be followed by a config or a version.
    name = re.split("[/:]", rest)[0] if kind == "tfds" else PurePath(*parts).stem
    return _NAMES.get(re.sub(r"[\W_]", "", name), "inception")


_NAMES = {"mnist": "mnist_v1", "fashionmnist": "fashion_mnist_v1"}


def needs_download(spec: str) -> bool:
    """Returns whether `open_auto("auto", spec)` would have to download its network."""
    if features_of_source(spec) != "inception" or is_installed():
        return False
    from tfgan_zoo.metrics.features.inception import is_downloaded

    return not is_downloaded()


def open_auto(name: str, spec: str, inception: str | os.PathLike | None = None) -> Features:
    """Opens features by name, or those that suit a data source for "auto".

    Args:
        name: One of `FEATURES`, or "auto" for Inception if its file is given, else for
            `features_of_source`. If no small classifier suits the source, "auto" takes
            EfficientNet-Lite0 where `tfgan_zoo[imagenet]` is installed, and Inception elsewhere.
        spec: The data source.
        inception: See `open_features`.

    Raises:
        InputError: As for `open_features`, or if a file of Inception is given for other features.
    """
    if name == "auto":
        name = "inception" if inception else features_of_source(spec)
        if name == "inception" and not inception and is_installed():
            name = "efficientnet_lite0"
    if inception and not name.startswith("inception"):
        raise InputError(
            f"inception: expected none with features={name}, got a file; leave one of them out."
        )
    return open_features(name, inception)
