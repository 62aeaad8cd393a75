"""The images that an evaluation compares: a model's samples, and a reference from the data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.data import SliceSource, Source, load_images
from tfgan_zoo.data.loading import Fitting
from tfgan_zoo.data.source import part_of_array
from tfgan_zoo.evaluation.distributions import Classes, Reference
from tfgan_zoo.tasks.requests import Request

#: Images decoded or generated at a time.
BATCH = 256


class EvaluationTask(NamedTuple):
    """A model's samples, and the images to compare them with.

    Attributes:
        generated: Generates the samples, batch by batch, floats in [-1, 1].
        num: Number of samples.
        reference: The real images.
        also: Further metrics that the data allows: "figures" for drawn figures; "mae", "l1",
            "psnr", "ssim" and "lpips" for pairs.
        notes: What to know about their scores.
        classes: The classes of both, of a model that is asked for classes.
        resumes: Whether `generated` takes a number, after which it begins.
        given: What the samples are conditional on, arrays or texts.
    """

    generated: Callable[..., Iterator[np.ndarray]]
    num: int
    reference: Reference
    also: Mapping[str, Callable[[np.ndarray], Mapping[str, float]]] = {}
    notes: Sequence[str] = ()
    classes: Classes | None = None
    resumes: bool = False
    given: Any = None


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
        self.array = part_of_array(source.array, indices)
        self.extras = {key: values[indices] for key, values in source.extras.items()}
        self.on_error = source.on_error
        self.label_channels = source.label_channels
        self._source = source
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def is_voxels(self) -> bool:
        """See `Source.is_voxels`."""
        return self._source.is_voxels

    def read(self, index: int, smallest: int | None = None) -> np.ndarray:
        """See `Source.read`."""
        return self._source.read(int(self._indices[index]), smallest)

    @property
    def is_array(self) -> bool:
        """See `Source.is_array`."""
        return self._source.is_array

    def gather(self, indices: Any) -> np.ndarray:
        """See `Source.gather`."""
        return self._source.gather(self._indices[indices])

    def name(self, index: int) -> str:
        """See `Source.name`."""
        return self._source.name(int(self._indices[index]))


def reference(source: Source, indices: np.ndarray, fitting: Fitting, request: Request) -> Reference:
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


def image_batches(source: Source, fitting: Fitting) -> Iterator[np.ndarray]:
    """Yields a source's images, uint8, `BATCH` at a time."""
    for i in range(0, len(source), BATCH):
        stop = min(i + BATCH, len(source))
        yield load_images(SliceSource(source, i, stop, source.spec), fitting)
