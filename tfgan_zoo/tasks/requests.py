"""A request to evaluate a finished run, and the images that it compares."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tfgan_zoo.data import Fit, SliceSource, Source, load_images
from tfgan_zoo.evaluation.distributions import Reference

#: Metrics of a request that names none.
DEFAULT_METRICS = ("fid", "kid", "precision_recall", "density_coverage")
#: Images decoded or generated at a time.
BATCH = 256


class Request(NamedTuple):
    """A request to evaluate a run.

    Attributes:
        metrics: Keys of `evaluation.distributions.METRICS`, "figures", and
            "mae", "l1", "psnr" and "ssim" for pairs.
        source: A data source; empty for the run's own.
        split: A split of the source; empty for `evaluate.split` of the config, or "test".
        num: Images to generate, and the most real ones to use.
        features: A key of `metrics.features.FEATURES`, or "auto" for those that fit the source.
        inception: The file of Inception-v3; None to download it.
        seed: Seed of the samples.
        checkpoint: "best", "last", or a step.
        raw_weights: Whether to use the generator's weights where they have a moving average.
        direction: The direction of a model that translates both ways.
        data_dir: Where `tfds:` keeps its data; None for the run's own.
    """

    metrics: Sequence[str] = DEFAULT_METRICS
    source: str = ""
    split: str = ""
    num: int = 10_000
    features: str = "auto"
    inception: str | os.PathLike | None = None
    seed: int = 0
    checkpoint: str = "best"
    raw_weights: bool = False
    direction: str = "a_to_b"
    data_dir: str | None = None


class EvaluationTask(NamedTuple):
    """A model's samples, and the images to compare them with.

    Attributes:
        generated: Generates the samples, batch by batch, floats in [-1, 1].
        num: Number of samples.
        reference: The real images.
        also: Further metrics that the data allows: "figures" for drawn figures; "mae", "l1", "psnr"
            and "ssim" for pairs.
    """

    generated: Callable[[], Iterator[np.ndarray]]
    num: int
    reference: Reference
    also: Mapping[str, Callable[[np.ndarray], Mapping[str, float]]] = {}


def choose(total: int, num: int) -> np.ndarray:
    """Chooses `num` of `total` images, always the same.

    They are drawn at random, since folders are sorted by class.

    Returns:
        Their indices in ascending order; all of them if there are no more than `num`.
    """
    if num >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(0).permutation(total)[:num])


class Subset(Source):
    """Some samples of another source.

    Args:
        source: The other source.
        indices: Indices of the samples.
    """

    def __init__(self, source: Source, indices: np.ndarray):
        self.spec = source.spec
        self.shape = source.shape
        self.array = None if source.array is None else source.array[indices]
        self.extras = {key: values[indices] for key, values in source.extras.items()}
        self.on_error = source.on_error
        self._source = source
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self._source.read(int(self._indices[index]), smallest)

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self._source.name(int(self._indices[index]))


def reference(source: Source, indices: np.ndarray, fitting: Fit, request: Request) -> Reference:
    """Returns some images of a source as a reference.

    Args:
        source: The source.
        indices: Indices of the images.
        fitting: How they become the model's size.
        request: The request, for the protocol.
    """
    part = Subset(source, indices)
    what = {
        "source": request.source,
        "split": request.split,
        "samples": len(part),
        "of": len(source),
        "size": list(fitting.shape),
    }
    return Reference(what, lambda: image_batches(part, fitting), len(part))


def image_batches(source: Source, fitting: Fit) -> Iterator[np.ndarray]:
    """Yields a source's images, uint8, `BATCH` at a time."""
    for i in range(0, len(source), BATCH):
        stop = min(i + BATCH, len(source))
        yield load_images(SliceSource(source, i, stop, source.spec), fitting)
