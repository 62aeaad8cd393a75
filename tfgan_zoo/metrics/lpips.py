"""LPIPS: how different two images look, by a network whose channels people's judgement weighs.

Zhang et al. 2018 (https://arxiv.org/abs/1801.03924). The networks are torchvision's AlexNet and
VGG16, whose files come from PyTorch; the weights of the channels, the "heads", are the authors'
version 0.1. Both are read without PyTorch.
"""

import hashlib
import importlib.util
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.downloads import cache_folder, fetch
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.hashes import sha256_of
from tfgan_zoo.metrics.features.base import as_byte_range
from tfgan_zoo.metrics.psnr import planes
from tfgan_zoo.weight_files import read_torch_file

VERSION = "0.1"

#: Mean and standard deviation of ImageNet's colours, as the authors round them for [-1, 1].
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)
#: Added to the length of a position's channels, which may be 0.
_EPSILON = 1e-10
#: Pairs of images at a time.
_BATCH = 16


class _Convolution(NamedTuple):
    """A convolution with ReLU: its number in torchvision's `features`, and its sizes."""

    number: int
    filters: int
    size: int = 3
    stride: int = 1
    padding: int = 1


class _Stage(NamedTuple):
    """What leads to a layer that is compared: maybe a max-pooling (size, stride), convolutions."""

    pooling: tuple[int, int] | None
    convolutions: tuple[_Convolution, ...]


class _Network(NamedTuple):
    """A network.

    Attributes:
        title: Its name in sentences.
        file: Where torchvision keeps its weights.
        sha256: SHA-256 of the authors' heads for it.
        least_side: The smallest side of an image for which every layer has a position.
        stages: Its stages.
    """

    title: str
    file: str
    sha256: str
    least_side: int
    stages: tuple[_Stage, ...]


def _vgg_stage(first: int, count: int, filters: int) -> _Stage:
    numbers = range(first, first + 2 * count, 2)
    return _Stage((2, 2) if first else None, tuple(_Convolution(n, filters) for n in numbers))


NETWORKS = {
    "alex": _Network(
        "AlexNet",
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        31,
        (
            _Stage(None, (_Convolution(0, 64, 11, 4, 2),)),
            _Stage((3, 2), (_Convolution(3, 192, 5, 1, 2),)),
            _Stage((3, 2), (_Convolution(6, 384),)),
            _Stage(None, (_Convolution(8, 256),)),
            _Stage(None, (_Convolution(10, 256),)),
        ),
    ),
    "vgg": _Network(
        "VGG16",
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        16,
        (
            _vgg_stage(0, 2, 64),
            _vgg_stage(5, 2, 128),
            _vgg_stage(10, 3, 256),
            _vgg_stage(17, 3, 512),
            _vgg_stage(24, 3, 512),
        ),
    ),
}
"""The networks by the authors' names for them."""

_REPOSITORY = "https://github.com/richzhang/PerceptualSimilarity"


class LPIPS:
    r"""The distance of images that `lpips_distance` returns.

    Args:
        backbone: See `lpips_distance`.
        heads: See `lpips_distance`.

    Attributes:
        network: Key of `NETWORKS`.
        name: "lpips[alex]" or "lpips[vgg]".
        least_side: The smallest side of an image.
        fingerprint: Hash of all weights used.

    Raises:
        InputError: As for `lpips_distance`.
    """

    def __init__(self, backbone: str | os.PathLike, heads: str | os.PathLike | None = None):
        self.network, self._kernels = _backbone(Path(backbone).expanduser())
        known = NETWORKS[self.network]
        self.least_side, self._stages = known.least_side, known.stages
        path = _downloaded_heads(self.network) if heads is None else Path(heads).expanduser()
        self._heads = _read_heads(path, self.network)
        self.name = f"lpips[{self.network}]"
        digest = hashlib.sha256(f"{self.name} {VERSION}".encode())
        for array in (*(a for pair in self._kernels.values() for a in pair), *self._heads):
            digest.update(np.ascontiguousarray(array).tobytes())
        self.fingerprint = digest.hexdigest()[:16]

    def __call__(self, images: Any, references: Any) -> np.ndarray:
        """Returns distances, float64 `[B]`, at least 0.

        Args:
            images: uint8 or floats in [-1, 1], shape [B, H, W, 1 or 3]. Floats are not rounded, and
                grey is repeated.
            references: Images of the same shape.

        Raises:
            InputError: If shapes differ, images are too small, or values are out of range.
        """
        pair = [np.asarray(each) for each in (images, references)]
        if pair[0].shape != pair[1].shape:
            raise InputError(
                f"images: expected the references' shape, {pair[1].shape}, got {pair[0].shape}."
            )
        a, b = (with_channels(as_byte_range(each), 3) for each in pair)
        self.check_sides("images", a.shape[1], a.shape[2])
        parts = range(0, len(a), _BATCH)
        found = [self._compare(a[i : i + _BATCH], b[i : i + _BATCH]) for i in parts]
        return np.concatenate(found) if found else np.zeros(0)

    def of_pair(
        self, image: np.ndarray, reference: np.ndarray, border: int = 4, channel: str = "y"
    ) -> float:
        """Returns the distance of two uint8 images; arguments as for `metrics.psnr`.

        Args:
            image: uint8 of shape (height, width, 1 or 3).
            reference: uint8 of the same shape.
            border: Pixels to ignore at each edge.
            channel: Has no effect: the network sees all channels.
        """
        planes(image, reference, border, channel)  # checks both
        inside = (slice(border, image.shape[0] - border), slice(border, image.shape[1] - border))
        return float(self(image[inside][np.newaxis], reference[inside][np.newaxis])[0])

    def describe(self) -> str:
        """Returns a sentence that says what distances depend on."""
        title = NETWORKS[self.network].title
        return f"lpips is version {VERSION} by {title} ({self.fingerprint})."

    def check_sides(self, argument: str, height: int, width: int) -> None:
        """Raises `InputError` for images that are too small.

        Args:
            argument: The argument that the message names.
            height: Height of the images.
            width: Width of the images.
        """
        if min(height, width) < self.least_side:
            raise InputError(
                f"{argument}: expected images of {self.least_side}x{self.least_side} pixels or "
                f"more for lpips by {NETWORKS[self.network].title}, got {width}x{height}."
            )

    def _compare(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        x = (tf.constant(np.concatenate([a, b])) / 127.5 - 1 - _SHIFT) / _SCALE
        total = np.zeros(len(a))
        for stage, head in zip(self._stages, self._heads, strict=True):
            if stage.pooling is not None:
                x = tf.nn.max_pool2d(x, *stage.pooling, "VALID")
            for each in stage.convolutions:
                kernel, bias = self._kernels[each.number]
                sides = [each.padding] * 2
                padded = tf.pad(x, [[0, 0], sides, sides, [0, 0]])
                x = tf.nn.relu(tf.nn.conv2d(padded, kernel, each.stride, "VALID") + bias)
            length = tf.sqrt(tf.reduce_sum(x**2, axis=-1, keepdims=True))
            left, right = tf.split(x / (length + _EPSILON), 2)
            weighted = tf.reduce_sum((left - right) ** 2 * head, axis=-1)
            total += tf.reduce_mean(weighted, axis=(1, 2)).numpy()
        return total


def lpips_distance(backbone: str | os.PathLike, heads: str | os.PathLike | None = None) -> LPIPS:
    r"""LPIPS, version 0.1 (Zhang et al. 2018, https://arxiv.org/abs/1801.03924).

        \(\sum_l mean_{hw} \sum_c w_{lc} (\hat y_{lhwc} - \hat y'_{lhwc})^2\)

    over five layers l of a network, after ReLU, with channels of length 1 at every position. Lower
    is closer, 0 for equal images. Distances by AlexNet and by VGG16 cannot be compared with one
    another.

    Args:
        backbone: torchvision's weights of AlexNet, the authors' choice for comparing images, or of
            VGG16: https://download.pytorch.org/models/alexnet-owt-7be5be79.pth or
            vgg16-397923af.pth. The network is recognised by its layers.
        heads: The authors' `lpips/weights/v0.1/alex.pth` or `vgg.pth`, a few KB. None to take that
            of the package `lpips`, if it is installed, or of the cache (`$TFGAN_ZOO_CACHE`, else
            `~/.cache/tfgan_zoo`), or to download it there.

    Returns:
        A function of two batches of images that returns distances of shape (B,), with a `name`.

    Raises:
        InputError: If a file is missing, is of another network, or cannot be downloaded.

    Example:
        >>> distance = lpips_distance("alexnet-owt-7be5be79.pth")
        >>> distance(images, references)
    """
    return LPIPS(backbone, heads)


def open_lpips(
    backbone: str | os.PathLike | None, heads: str | os.PathLike | None, group: str
) -> LPIPS:
    """Opens LPIPS for a command or a run.

    Args:
        backbone: See `lpips_distance`; None if it was not given.
        heads: See `lpips_distance`.
        group: What precedes "lpips_backbone" and "lpips_heads" where they are given, for messages:
            "--", or "evaluate." of a config.

    Raises:
        InputError: As for `lpips_distance`, or if there is no backbone.
    """
    if backbone is None:
        raise InputError(
            f"{group}lpips_backbone: expected the file of a network for lpips, got none; download "
            f"{NETWORKS['alex'].file} and give its path."
        )
    try:
        return LPIPS(backbone, heads)
    except InputError as error:
        named = str(error).startswith(("backbone:", "heads:"))
        raise InputError(f"{group}lpips_{error}" if named else str(error)) from error


def _backbone(path: Path) -> tuple[str, dict[int, tuple[np.ndarray, np.ndarray]]]:
    """Reads the convolutions of torchvision's AlexNet or VGG16, and returns which one it is."""
    files = " or ".join(network.file for network in NETWORKS.values())
    if not path.is_file():
        raise InputError(f"backbone: there is no file {str(path)!r}; download {files}.")
    weights = read_torch_file(path, "features.")
    shapes = {key: array.shape for key, array in weights.items()}
    fitting = [name for name, network in NETWORKS.items() if _shapes(network) == shapes]
    if not fitting:
        raise InputError(
            f"backbone: expected the weights of torchvision's AlexNet or VGG16, got {str(path)!r} "
            f"of another network; download {files}."
        )
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise InputError(f"backbone: expected finite numbers, got {str(path)!r} with others.")
    kernels = {}
    for number in (each.number for each in _convolutions(NETWORKS[fitting[0]])):
        # From (out, in, height, width).
        kernel = weights[f"features.{number}.weight"].transpose(2, 3, 1, 0).astype(np.float32)
        kernels[number] = kernel, weights[f"features.{number}.bias"].astype(np.float32)
    return fitting[0], kernels


def _convolutions(network: _Network) -> list[_Convolution]:
    return [each for stage in network.stages for each in stage.convolutions]


def _shapes(network: _Network) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of a network's weights, as torchvision names and orders them."""
    shapes: dict[str, tuple[int, ...]] = {}
    before = 3
    for number, filters, size, *_ in _convolutions(network):
        shapes[f"features.{number}.weight"] = (filters, before, size, size)
        shapes[f"features.{number}.bias"] = (filters,)
        before = filters
    return shapes


def _read_heads(path: Path, network: str) -> list[np.ndarray]:
    """Reads the weights of the channels of each layer, float32 [C] each."""
    known = NETWORKS[network]
    address = f"{_REPOSITORY}/raw/master/lpips/weights/v{VERSION}/{network}.pth"
    if not path.is_file():
        raise InputError(f"heads: there is no file {str(path)!r}; download {address}.")
    weights = read_torch_file(path)
    shapes = {
        f"lin{i}.model.1.weight": (1, stage.convolutions[-1].filters, 1, 1)
        for i, stage in enumerate(known.stages)
    }
    if {key: array.shape for key, array in weights.items()} != shapes:
        raise InputError(
            f"heads: expected those of version {VERSION} for {known.title}, the backbone, got "
            f"{str(path)!r} of another network; download {address}."
        )
    found = [weights[key].reshape(-1).astype(np.float32) for key in shapes]
    if not all(np.isfinite(head).all() and head.min() >= 0 for head in found):
        raise InputError(
            f"heads: expected weights from 0 up, got {str(path)!r} with others; download {address}."
        )
    return found


def _downloaded_heads(network: str) -> Path:
    """Returns the authors' heads: of the package `lpips`, of the cache, or downloaded there."""
    known = NETWORKS[network]
    inside = Path("weights", f"v{VERSION}", f"{network}.pth")
    package = importlib.util.find_spec("lpips")  # does not run the package's code
    folders = list(package.submodule_search_locations or ()) if package else []

    def difference(file: Path) -> str:
        digest = sha256_of(file)
        same = digest == known.sha256
        return "" if same else f"a file with the SHA-256 {digest} instead of {known.sha256}"

    path = cache_folder() / f"lpips_v{VERSION}_{network}.pth"
    for file in (*(Path(folder) / inside for folder in folders), path):
        if file.is_file() and not difference(file):
            return file
    address = f"{_REPOSITORY}/raw/master/lpips/{inside.as_posix()}"
    try:
        fetch(address, path, difference)
    except OSError as error:
        raise InputError(
            f"heads: LPIPS's weights for {known.title} are not in {path.parent} and cannot be "
            f"downloaded ({first_line(error)}); download {address} on another machine and give its "
            "path, or pip install --no-deps lpips==0.1.4, which has it."
        ) from error
    return path
