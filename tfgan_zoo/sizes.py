"""Sizes of images: how users write them, and which of them networks can make."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tfgan_zoo.errors import InputError, whole_number

#: Sides below this are points or mistakes when a whole shape is written as one number.
LEAST_SIDE = 8
_LEAST_START = 4


def whole_shape(shape: Any) -> Any:
    """Returns the shape that one number means, `(side, side, 3)`; anything else as it is.

    Args:
        shape: A value of `image_shape`.

    Raises:
        InputError: If the number is too small for the side of an image.

    Example:
        >>> whole_shape(64), whole_shape((32, 32, 1)), whole_shape((2,))
        ((64, 64, 3), (32, 32, 1), (2,))
    """
    side = whole_number(shape)
    if side is None:
        return shape
    if side < LEAST_SIDE:
        raise InputError(
            f"image_shape: expected the side of square images, from {LEAST_SIDE} up, or a shape "
            f"such as (64, 64, 3), or (2,) for points, got {shape!r}."
        )
    return (side, side, 3)


def parse_size(text: str, flag: str = "--image_size") -> tuple[int, int]:
    """Reads a size that is written as `64` or, height first, as `96x128`.

    Args:
        text: The text.
        flag: What it was given for, for the message.

    Raises:
        InputError: If it is neither.

    Example:
        >>> parse_size("64"), parse_size("96x128")
        ((64, 64), (96, 128))
    """
    parts = text.strip().lower().replace(",", "x").split("x")
    sides = [int(part) for part in parts if part.strip().isdecimal()]
    if len(sides) != len(parts) or len(sides) not in (1, 2) or min(sides) < 1:
        raise InputError(
            f"{flag}: expected a side such as 64, or height and width such as 96x128, got {text!r}."
        )
    return sides[0], sides[-1]


def halvings(*sides: int) -> int:
    """Returns how often sides can be halved without a remainder.

    Example:
        >>> halvings(96, 128)
        5
    """
    common = 0
    while all(side % 2 ** (common + 1) == 0 for side in sides):
        common += 1
    return common


def doublings(height: int, width: int) -> int | None:
    """Returns how often a network doubles its first maps to make images, as DCGAN's generator does.

    The first maps are as small as they can be with sides of at least 4, and the shorter of them
    has at most 7.

    Args:
        height: Of the images.
        width: Of the images.

    Returns:
        The number of doublings, from 2 up; None if there is none for these sides.

    Example:
        >>> doublings(64, 64), doublings(96, 128), doublings(28, 28), doublings(100, 100)
        (4, 4, 2, None)
    """
    shorter, times = min(height, width), 0
    while shorter >> (times + 1) >= _LEAST_START:
        times += 1
    return times if times >= 2 and halvings(height, width) >= times else None


def doublings_from_small(side: int) -> int:
    """Returns how often maps of at most 8 pixels are doubled for images of a side: 1 to 4 times.

    Four times is also the answer for sides above 128, which begin with larger maps.

    Example:
        >>> [doublings_from_small(side) for side in (8, 32, 33, 128, 500)]
        [1, 2, 3, 4, 4]
    """
    return min(4, max(1, math.ceil(math.log2(side / 8))))


def doubled_sides(up_to: int) -> list[int]:
    """Lists the sides of squares that `doublings` allows.

    Example:
        >>> doubled_sides(64)
        [16, 20, 24, 28, 32, 40, 48, 56, 64]
    """
    return [side for side in range(16, up_to + 1, 4) if doublings(side, side) is not None]


def nearest_doubled(height: int, width: int) -> list[tuple[int, int]]:
    """Lists up to two sizes near another one that `doublings` allows, a smaller and a larger one.

    Example:
        >>> nearest_doubled(100, 100), nearest_doubled(90, 120)
        ([(96, 96), (112, 112)], [(80, 128), (96, 128)])
    """
    shorter, longer = sorted((height, width))
    sides = doubled_sides(4 * max(shorter, 16))
    below = [side for side in sides if side <= shorter][-1:]
    above = [side for side in sides if side > shorter][:1]
    found = []
    for side in below + above:
        step = 2 ** (doublings(side, side) or 0)
        other = side if height == width else max(side, round(longer / step) * step)
        found.append((side, other) if height <= width else (other, side))
    return found


def doubled_around(height: int, width: int) -> tuple[int, int]:
    """Returns the smallest size that `doublings` allows and that holds another one.

    Example:
        >>> doubled_around(28, 28), doubled_around(23, 23), doubled_around(90, 120)
        ((28, 28), (24, 24), (96, 128))
    """
    found = []
    for times in range(2, max(height, width).bit_length() + 1):
        step = 2**times
        size = tuple(max(_LEAST_START * step, -(-side // step) * step) for side in (height, width))
        if doublings(*size) is not None:
            found.append((size[0], size[1]))
    return min(found, key=lambda size: size[0] * size[1], default=(16, 16))


def size_text(size: Iterable[int]) -> str:
    """Returns a size as `parse_size` reads it.

    Example:
        >>> size_text((64, 64)), size_text((96, 128))
        ('64', '96x128')
    """
    height, width = size
    return str(height) if height == width else f"{height}x{width}"


def either(sizes: Sequence[Sequence[int]]) -> str:
    """Lists sizes for a message.

    Example:
        >>> either([(96, 96), (96, 128)])
        '96 or 96x128'
    """
    return " or ".join(size_text(size) for size in sizes)


def inner_rectangle(height: int, width: int, like: Sequence[int]) -> tuple[int, int]:
    """Returns the size of the largest rectangle in an image that has the proportions of a size.

    Args:
        height: Of the image.
        width: Of the image.
        like: Height and width of the size.

    Example:
        >>> inner_rectangle(480, 640, (64, 64)), inner_rectangle(480, 640, (96, 192))
        ((480, 480), (320, 640))
    """
    high, wide = like
    if high == wide:
        side = min(height, width)
        return side, side
    if height * wide > width * high:
        return max(1, round(width * high / wide)), width
    return height, max(1, round(height * wide / high))


def scaled_to(shorter: int, like: Sequence[int]) -> tuple[int, int]:
    """Returns the size with the proportions of another one and a given shorter side.

    Example:
        >>> scaled_to(108, (96, 128)), scaled_to(72, (64, 64))
        ((108, 144), (72, 72))
    """
    high, wide = like
    least = min(high, wide)
    return round(shorter * high / least), round(shorter * wide / least)
