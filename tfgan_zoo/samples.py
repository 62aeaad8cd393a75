"""What a model makes, by rank: points, images or voxels."""

from collections.abc import Sequence
from typing import NamedTuple


class SampleKind(NamedTuple):
    """What holds for all samples of one rank.

    Attributes:
        name: What several of them are called.
        axes: The axes of one sample.
        tensor: Name of a batch of them in endpoints.
        is_pixels: Whether they are bounded, in [-1, 1] as floats and in 0..255 as uint8.
        is_drawn: Whether they can be written as pictures, and scored and augmented as such.
    """

    name: str
    axes: tuple[str, ...]
    tensor: str
    is_pixels: bool
    is_drawn: bool


POINTS = SampleKind("points", ("size",), "images", is_pixels=False, is_drawn=False)
IMAGES = SampleKind(
    "images", ("height", "width", "channels"), "images", is_pixels=True, is_drawn=True
)
VOXELS = SampleKind(
    "voxels", ("depth", "height", "width", "channels"), "voxels", is_pixels=True, is_drawn=False
)

#: By the rank of one sample.
SAMPLES = {len(kind.axes): kind for kind in (POINTS, IMAGES, VOXELS)}

#: Styles that a model of label maps keeps of each class, as in pix2pixHD.
NUM_STYLES = 10


def kind_of(shape: Sequence[int | None]) -> SampleKind:
    """Returns the kind of samples of a shape, which `shape` says without the batch axis.

    Example:
        >>> kind_of((64, 64, 3)).name
        'images'
    """
    return SAMPLES[len(shape)]


def described(*kinds: SampleKind) -> str:
    """Lists the shapes of kinds of samples, for a message.

    Example:
        >>> described(IMAGES, POINTS)
        '(height, width, channels), or (size,) for points'
    """
    shapes = []
    for kind in kinds:
        axes = f"({', '.join(kind.axes)}{',' * (len(kind.axes) == 1)})"
        shapes.append(axes if kind is kinds[0] else f"{axes} for {kind.name}")
    return ", or ".join(shapes)
