"""Warnings about images that use so little of their range that they look black."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from tfgan_zoo.data.images import WHITE
from tfgan_zoo.errors import InputError, warn_user


def warn_of_depth(
    spec: str,
    looks: Mapping[str, Callable[[], int | None]],
    ask_white: str = WHITE,
) -> None:
    """Warns if every 16-bit image among some files stays below 1/8 of its range.

    Args:
        spec: Description of the files, for the message.
        looks: For each file name, a function that returns its `highest_of_16_bits`. Files that
            cannot be read are ignored here; decoding them raises the error.
        ask_white: The option that says which value is white, for the message.
    """
    highest: dict[str, int] = {}
    for name, look in looks.items():
        with contextlib.suppress(InputError):
            value = look()
            if value is not None:
                highest[name] = value
    if highest and max(highest.values()) < 65536 // 8:
        brightest = max(highest, key=lambda name: highest[name])
        warn_user(
            f"{spec}: its 16-bit images are nearly black: the highest value of the {len(highest)} "
            f"looked at is {highest[brightest]} of 65535, in {brightest}; if white is less than "
            f"65535, such as 4095 for 12 bits, give its value as {ask_white}."
        )


def warn_of_masks(spec: str, looks: Mapping[str, Callable[[], tuple[int, int] | None]]) -> None:
    """Warns if the 8-bit images among some files hold no values but 0 and 1, both of them black.

    An image of a single value is not a mask.

    Args:
        spec: Description of the files, for the message.
        looks: For each file name, a function that returns its `extremes_of_8_bits`. Files that
            cannot be read are ignored here; decoding them raises the error.
    """
    values = []
    for look in looks.values():
        with contextlib.suppress(InputError):
            values.append(look())
            if values[-1] is not None and values[-1][1] > 1:
                return
    if (0, 1) in values:
        warn_user(
            f"{spec}: its 8-bit images are nearly black: no value of those looked at is above 1, "
            "where 255 is white; if they are masks of 0 and 1, save them with 0 and 255."
        )
