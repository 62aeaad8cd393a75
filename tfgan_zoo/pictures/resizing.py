"""Images at the scale of a model's training, and back at their own size."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

#: An image is much larger than those of training if its shorter side is longer by this factor.
MUCH_LARGER = 2


def at_size(
    function: Callable[[np.ndarray], np.ndarray], side: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that applies another one to images of a certain size.

    The image is resized so that its shorter side has `side` pixels (Lanczos, antialiased, as images
    are for training), and the result is resized to the size of the image (bicubic, antialiased).

    Args:
        function: A function of images `(height, width, channels)`, uint8 or floats in [-1, 1], that
            returns floats of the same height and width.
        side: The shorter side of the images that it receives.

    Example:
        >>> at_size(lambda image: image / 255, 4)(np.zeros((10, 15, 3), np.uint8)).shape
        (10, 15, 3)
    """

    def apply(image: np.ndarray) -> np.ndarray:
        given = resized(image, scaled(image.shape[:2], side), Image.Resampling.LANCZOS)
        if given.dtype.kind == "f":  # Pillow clips uint8, as it does for training.
            given = np.clip(given, -1, 1)
        return resized(np.asarray(function(given), np.float32), image.shape[:2])

    return apply


def scaled(size: Sequence[int], side: int) -> tuple[int, int]:
    """Returns a size of the same aspect ratio whose shorter side has `side` pixels.

    Example:
        >>> scaled((768, 1024), 256)
        (256, 341)
    """
    height, width = size
    factor = side / min(height, width)
    return max(side, round(height * factor)), max(side, round(width * factor))


def resized(
    image: np.ndarray,
    size: Sequence[int],
    resample: Image.Resampling = Image.Resampling.BICUBIC,
) -> np.ndarray:
    """Resizes an image, antialiased where it becomes smaller.

    Args:
        image: Image `(height, width, channels)`, uint8 or float32. No channel is treated as
            opacity.
        size: (height, width) of the result.
        resample: The filter.

    Returns:
        The same type; the image itself if it has that size. Floats are not rounded, and may
        overshoot at edges.
    """
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    # Channel by channel, so that Pillow treats none as opacity; its floats are grey.
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(image[..., i])).resize((width, height), resample)
        )
        for i in range(image.shape[-1])
    ]
    return np.stack(channels, axis=-1)
