"""A small segmenter: reads the class of each pixel from photographs, and what it finds is scored.

The score of generated images by what a segmenter reads from them is that of pix2pix's paper (Isola
et al. 2016, https://arxiv.org/abs/1611.07004, section 3.2), the FCN score.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import classifiers
from tfgan_zoo.pixels import to_unit_range

_BATCH = 8


class Shares(NamedTuple):
    """How well classes are read.

    Attributes:
        pixels: Share of pixels whose class is right.
        classes: The mean over classes of the share of their pixels that are right.
        iou: The mean over classes of intersection over union.
    """

    pixels: float
    classes: float
    iou: float


def shares(read: np.ndarray, wanted: np.ndarray, num_classes: int) -> Shares:
    """Compares classes that were read with the right ones.

    Means over classes are over those that are there.

    Args:
        read: Class numbers of any shape.
        wanted: The right ones, of the same shape.
        num_classes: Number of classes.

    Example:
        >>> shares(np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]), 3)
        Shares(pixels=0.75, classes=0.75, iou=0.5833333333333333)
    """
    pairs = wanted.astype(np.int64).ravel() * num_classes + read.ravel()
    counts = np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
    there, right = counts.sum(1), np.diag(counts)
    known = there > 0
    union = there + counts.sum(0) - right
    return Shares(
        float(right.sum() / there.sum()),
        float((right[known] / there[known]).mean()),
        float((right[known] / union[known]).mean()),
    )


def network(num_classes: int, filters: int, depth: int) -> Any:
    """Returns pix2pix's U-Net with logits of classes at the end, which also see the image.

    Args:
        num_classes: Number of classes.
        filters: See `networks.unet_generator`.
        depth: See `networks.unet_generator`.
    """
    import keras
    from keras import layers

    from tfgan_zoo import networks

    side = 2**depth
    unet = networks.unet_generator(
        (side, side, 3), filters=filters, depth=depth, dropout=0.0, upsampling="resize"
    )
    x = layers.UpSampling2D(2, interpolation="nearest")(unet.get_layer("relu_1").output)
    x = layers.Concatenate()([x, unet.input])
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(unet.input, layers.Conv2D(num_classes, 1, name="logits")(x))


def cropped(
    images: np.ndarray, maps: np.ndarray, side: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts a random square out of each image and its map, and mirrors half of them.

    Args:
        images: `[num, H, W, 3]`.
        maps: `[num, H, W]`.
        side: Of the squares.
        random: Decides.
    """
    height, width = np.subtract(images.shape[1:3], side) + 1
    parts = []
    for image, labels in zip(images, maps, strict=True):
        top, left = random.integers(height), random.integers(width)
        step = random.choice((-1, 1))
        place = np.s_[top : top + side, left : left + side]
        parts.append((image[place][:, ::step], labels[place][:, ::step]))
    found, read = zip(*parts, strict=True)
    return np.stack(found), np.stack(read)


def train(
    images: np.ndarray,
    maps: np.ndarray,
    num_classes: int,
    side: int,
    *,
    epochs: int,
    filters: int,
    depth: int = 5,
) -> Any:
    """Trains a segmenter on random crops, other ones in each epoch.

    Args:
        images: uint8 `[num, H, W, 3]`.
        maps: Class numbers `[num, H, W]`.
        num_classes: Number of classes.
        side: Of the crops.
        epochs: Passes over the images.
        filters: See `network`.
        depth: See `network`.

    Returns:
        A Keras model from floats in [-1, 1] to logits.
    """
    import keras

    keras.utils.set_random_seed(0)
    model = network(num_classes, filters, depth)

    batch = min(_BATCH, len(images))

    def seen(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows = random.permutation(len(images))
        return cropped(images[rows], maps[rows], side, random)

    classifiers.fit(
        model, seen, len(images) // batch, batch, epochs, "of the pixels, by a segmenter"
    )
    return model


def trained(
    folder: Path,
    images: np.ndarray,
    maps: np.ndarray,
    num_classes: int,
    side: int,
    **options: Any,
) -> Any:
    """Trains a segmenter, unless a file in the folder has the one of these images and options.

    Args:
        folder: The folder.
        images: See `train`.
        maps: See `train`.
        num_classes: See `train`.
        side: See `train`.
        **options: See `train`.
    """
    import keras

    what = hashlib.sha256(json.dumps([num_classes, side, options], sort_keys=True).encode())
    for array in (images, maps):
        what.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    file = folder / f"segmenter_{what.hexdigest()[:12]}.keras"
    if not file.exists():
        model = train(images, maps, num_classes, side, **options)
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.keras")
        model.save(partial)
        partial.rename(file)
    return keras.saving.load_model(file)


def read(model: Any, images: np.ndarray) -> np.ndarray:
    """Returns the class that a segmenter sees in each pixel.

    Args:
        model: From `train`.
        images: uint8 `[num, H, W, 3]`, of sides that are multiples of 2^depth.

    Returns:
        int64 `[num, H, W]`.
    """
    parts = (to_unit_range(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH))
    return np.concatenate([np.argmax(model(x, training=False), axis=-1) for x in parts])
