"""Pictures of maps of classes and instances."""

import colorsys

import numpy as np


def draw_label_maps(maps: np.ndarray, num_classes: int) -> np.ndarray:
    """Draws each class in a colour of its own, with dark edges between instances.

    Args:
        maps: Class numbers, and instance numbers if there are any, `[N, H, W, 1 or 2]`; -1 for no
            class, which is black.
        num_classes: Number of classes.

    Returns:
        uint8 `[N, H, W, 3]`.

    Example:
        >>> draw_label_maps(np.array([0, 1, -1]).reshape(1, 1, 3, 1), 2)[0, 0].tolist()
        [[230, 115, 115], [61, 153, 153], [0, 0, 0]]
    """
    colours = np.array([*(_colour(i, num_classes) for i in range(num_classes)), (0, 0, 0)])
    drawn = colours[np.clip(maps[..., 0], -1, num_classes - 1)].astype(np.uint8)
    if maps.shape[-1] == 1:
        return drawn
    edge = np.zeros(maps.shape[:3], bool)
    edge[:, 1:] |= maps[:, 1:, :, 1] != maps[:, :-1, :, 1]
    edge[:, :, 1:] |= maps[:, :, 1:, 1] != maps[:, :, :-1, 1]
    drawn[edge] //= 3
    return drawn


def _colour(number: int, num: int) -> tuple[int, int, int]:
    """Returns one of `num` hues; neighbours differ in brightness, too."""
    red, green, blue = colorsys.hsv_to_rgb(
        number / num, 0.5 if number % 2 == 0 else 0.6, 0.9 if number % 2 == 0 else 0.6
    )
    return round(255 * red), round(255 * green), round(255 * blue)
