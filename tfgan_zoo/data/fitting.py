"""Converts images to the size and channels that a model is trained on."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from PIL import Image

from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.sizes import inner_rectangle, scaled_to

BACKGROUND = 255
"""Value behind transparent pixels: white, the page that icons and drawings are made for."""


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Converts between grey and colour, with or without alpha.

    Without alpha, transparent images are put on white (`BACKGROUND`). With it, others become
    opaque.

    Args:
        images: uint8 `[..., height, width, channels]`, channels as `decode` returns them; or
            float32 without transparency.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. Images of more channels are not
            converted.

    Returns:
        `[..., height, width, channels]` of the same type. Grey is ITU-R 601 luma, as in Pillow,
        and not rounded for floats.
    """
    have = images.shape[-1]
    if have == channels:
        return images
    if channels in (2, 4) and have <= 4:
        alpha = images[..., -1:] if have in (2, 4) else np.full_like(images[..., :1], BACKGROUND)
        colour = images[..., :-1] if have in (2, 4) else images
        return np.concatenate([with_channels(colour, channels - 1), alpha], axis=-1)
    if channels not in (1, 3) or have > 4:
        raise InputError(f"expected {channels} channels, got {have}")
    if have in (2, 4):
        opaque = images[..., :-1].astype(np.uint32)
        alpha = images[..., -1:].astype(np.uint32)
        images = ((opaque * alpha + BACKGROUND * (255 - alpha) + 127) // 255).astype(np.uint8)
        have -= 1
    if have == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    weights = np.array([19595, 38470, 7471], np.uint32)
    if images.dtype.kind == "f":
        return images @ (weights / 0x10000).astype(images.dtype)[:, np.newaxis]
    luma = (images.astype(np.uint32) @ weights + 0x8000) >> 16
    return luma.astype(np.uint8)[..., np.newaxis]


@dataclasses.dataclass(frozen=True)
class Fit:
    """Converts images to a size and a number of channels.

    Attributes:
        image_size: Side of the resulting square in pixels; or height and width of a rectangle.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; more for images of as many.
        crop: Side of the central square to cut out first, in pixels of the original; of a
            rectangle, which has the proportions of `image_size`, the shorter side. None takes
            the largest central one, or with `fit="pad"` the whole image.
        fit: "resize" resamples that to `image_size` (Lanczos, antialiased); "pad" leaves the
            pixels alone and surrounds them with black, 28 -> 32 for the MNIST family.
        alpha: Whether the last of 2 or 4 channels is opacity, by which colours are weighted when
            they are resampled. Otherwise channels are resampled each by itself.

    Example:
        >>> Fit(64, 3, crop=108)(decode("celeba/000001.jpg"), "000001.jpg").shape
        (64, 64, 3)
    """

    image_size: int | tuple[int, int]
    channels: int
    crop: int | None = None
    fit: str = "resize"
    alpha: bool = True

    #: The type of what it returns.
    dtype: ClassVar[type] = np.uint8

    def __post_init__(self):
        if self.fit not in ("resize", "pad"):
            raise InputError(f'fit: expected "resize" or "pad", got {self.fit!r}.')
        check_number("channels", self.channels, least=1, whole=True)
        if isinstance(self.image_size, tuple):
            height, width = self.image_size
            check_number("image_size", height, least=1, whole=True)
            check_number("image_size", width, least=1, whole=True)
            if height == width:
                object.__setattr__(self, "image_size", height)
        else:
            check_number("image_size", self.image_size, least=1, whole=True)
        if self.crop is not None:
            check_number("crop", self.crop, least=1, whole=True)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a resulting image."""
        if isinstance(self.image_size, tuple):
            return self.image_size
        return self.image_size, self.image_size

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a resulting image, `(height, width, channels)`."""
        return (*self.size, self.channels)

    @property
    def smallest(self) -> int | None:
        """The value of `smallest` to pass to `decode`."""
        return max(self.size) if self.crop is None and self.fit == "resize" else None

    def __call__(self, images: np.ndarray, name: str) -> np.ndarray:
        """Fits one image or a stack of them.

        Args:
            images: uint8 `[..., height, width, 1 to 4]`.
            name: Name of the image, for messages.

        Returns:
            uint8 `[..., *shape]`.

        Raises:
            InputError: If the image is smaller than the crop, or too large to pad.
        """
        self.check_channels(images.shape[-1], name)
        images = with_channels(self._cropped(images, name), self.channels)
        if images.shape[-3:] == self.shape:
            return images
        if self.fit == "pad":
            return self._padded(images, name)
        if images.ndim == 3:
            return self._resized(images)
        return np.stack([self(image, name) for image in images])

    def check_channels(self, have: int, name: str) -> None:
        """Checks that images can be converted to the number of channels.

        Args:
            have: Their channels.
            name: Name of the images, for messages.

        Raises:
            InputError: If they cannot.
        """
        if have != self.channels and max(have, self.channels) > 4:
            raise InputError(
                f"{name} has {have} channels where {self.channels} are expected, which cannot be "
                f"converted; use a model of {have} channels (model_args.image_shape) or, for all "
                'bands or pages of TIFF, pages="channels" (--config.data.pages=channels).'
            )

    def _cropped(self, images: np.ndarray, name: str) -> np.ndarray:
        height, width = images.shape[-3:-1]
        if self.crop is None and self.fit == "pad":
            return images
        high, wide = self.cut(height, width)
        if high > height or wide > width:
            # The largest crop whose proportional rectangle fits.
            most = min(inner_rectangle(height, width, self.size))
            raise InputError(
                f"{name} is {width}x{height} pixels, too small for crop={self.crop}; choose a crop "
                f"of at most {most} or remove the image."
            )
        top, left = (height - high) // 2, (width - wide) // 2
        return images[..., top : top + high, left : left + wide, :]

    def cut(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size of what is cut out of an image before it is resized."""
        if self.crop is None:
            return inner_rectangle(height, width, self.size)
        return scaled_to(self.crop, self.size)

    def _padded(self, images: np.ndarray, name: str) -> np.ndarray:
        height, width = images.shape[-3:-1]
        high, wide = self.size
        if height > high or width > wide:
            raise InputError(
                f"{name} is {width}x{height} pixels, too large to pad to image_size="
                f'{self.image_size}; use fit="resize" or a larger image_size.'
            )
        top, left = (high - height) // 2, (wide - width) // 2
        padded = np.zeros(images.shape[:-3] + self.shape, np.uint8)
        padded[..., top : top + height, left : left + width, :] = images
        return padded

    def _resized(self, image: np.ndarray) -> np.ndarray:
        if self.channels > 4 or (self.channels in (2, 4) and not self.alpha):
            grey = [self._resampled(image[..., i]) for i in range(self.channels)]
            return np.stack(grey, axis=-1)
        # Pillow weights the colours of transparent images by their alpha.
        pixels = self._resampled(image[..., 0] if self.channels == 1 else image)
        return pixels.reshape(self.shape)

    def _resampled(self, pixels: np.ndarray) -> np.ndarray:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.asarray(image.resize(self.size[::-1], Image.Resampling.LANCZOS))


class LabelFit(Fit):
    """Converts label maps to a size as `Fit` does images, with the values of the nearest pixels.

    Example:
        >>> LabelFit(2, 1)(np.arange(16, dtype=np.int16).reshape(4, 4, 1), "map")[..., 0].tolist()
        [[5, 7], [13, 15]]
    """

    dtype: ClassVar[type] = np.int16

    @property
    def smallest(self) -> None:
        """None, as label maps are never shrunk while they are decoded."""
        return None

    def __call__(self, images: np.ndarray, name: str) -> np.ndarray:
        """Fits one map or a stack of them.

        Args:
            images: int16 `[..., height, width, channels]`.
            name: Name of the map, for messages.

        Returns:
            int16 `[..., *shape]`.

        Raises:
            InputError: If it has other channels, or is smaller than the crop.
        """
        if images.shape[-1] != self.channels:
            raise InputError(
                f"{name} has maps of {images.shape[-1]} channels where {self.channels} are "
                "expected."
            )
        images = self._cropped(images, name)
        height, width = images.shape[-3:-1]
        rows, columns = (
            ((np.arange(side) + 0.5) * have / side).astype(np.int64)
            for side, have in zip(self.size, (height, width), strict=True)
        )
        if (height, width) == self.size:
            return images
        return images[..., rows[:, np.newaxis], columns, :]
