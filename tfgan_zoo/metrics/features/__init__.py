"""Features: what images are compared in. See `base.Features` for what all of them do."""

import os
import re
from pathlib import PurePath

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features.base import Features, as_bytes
from tfgan_zoo.metrics.features.classifiers import CLASSIFIERS, ClassifierFeatures
from tfgan_zoo.metrics.features.keras_model import ModelFeatures
from tfgan_zoo.suggestions import did_you_mean

__all__ = [
    "FEATURES",
    "ClassifierFeatures",
    "Features",
    "ModelFeatures",
    "as_bytes",
    "features_of_source",
    "open_auto",
    "open_features",
]

FEATURES = ("inception", "inception_antialiased", *CLASSIFIERS)
"""What `open_features` opens by name."""


def open_features(name: str, inception: str | os.PathLike | None = None) -> Features:
    """Opens features by name.

    Args:
        name: one of `FEATURES`.
        inception: the file of Inception-v3, see `inception.InceptionFeatures`; None to download it.

    Raises:
        InputError: if there is none of this name, or no Inception to be had.

    Example:
        >>> open_features("mnist_v1").dim
        64
    """
    if name not in FEATURES:
        raise InputError(f"features: there is no {name!r}{did_you_mean(name, ('auto', *FEATURES))}")
    if name in CLASSIFIERS:
        return ClassifierFeatures(name)
    from tfgan_zoo.metrics.features.inception import InceptionFeatures

    resizer = "legacy" if name == "inception" else "antialiased"
    return InceptionFeatures(inception, resizer=resizer)


def features_of_source(spec: str) -> str:
    """Returns the name of the features that fit a data source: what "auto" means.

    A folder or file of MNIST or Fashion-MNIST is known by its own name alone, however it is
    written; below it, the names of their idx files and torchvision's folder `raw` do not count.

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
    # What comes after the name of a TFDS data set is a config or a version of it.
    name = re.split("[/:]", rest)[0] if kind == "tfds" else PurePath(*parts).stem
    return _NAMES.get(re.sub(r"[\W_]", "", name), "inception")


_NAMES = {"mnist": "mnist_v1", "fashionmnist": "fashion_mnist_v1"}


def open_auto(name: str, spec: str, inception: str | os.PathLike | None = None) -> Features:
    """Opens features by name, or with "auto" those that fit a data source.

    Args:
        name: one of `FEATURES`, or "auto": Inception if its file is given, or else
            `features_of_source`.
        spec: the source.
        inception: see `open_features`.

    Raises:
        InputError: as `open_features`, or a file of Inception's is given for others.
    """
    if name == "auto":
        name = "inception" if inception else features_of_source(spec)
    if inception and name in CLASSIFIERS:
        raise InputError(f"inception: is not used with features={name}; leave one of them out.")
    return open_features(name, inception)
