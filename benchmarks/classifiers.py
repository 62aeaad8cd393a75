"""Trains the small classifier whose network the library's features have."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfgan_zoo.pixels import to_unit_range

BATCH = 128


def shifted(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Shifts each image by up to two pixels, repeating the edge."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    moved = np.empty_like(images)
    for i, (top, left) in enumerate(random.integers(0, 5, (len(images), 2))):
        moved[i] = padded[i, top : top + height, left : left + width]
    return moved


def train(
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    epochs: int,
    shift: bool,
    momentum: float = 0.99,
) -> Any:
    """Trains a classifier.

    Args:
        images: uint8 [N, H, W, C].
        labels: Class numbers, [N].
        classes: Number of classes.
        epochs: Passes over the images.
        shift: Whether to shift images at random, other ones in each pass.
        momentum: Of the means and variances that batch normalization keeps. The default takes
            about a thousand steps to forget its first values.

    Returns:
        `metrics.features.classifiers.network` with batch normalization, a Keras model from floats
        in [-1, 1] to (features, logits).
    """
    import keras

    from tfgan_zoo.metrics.features.classifiers import Shapes, network

    keras.utils.set_random_seed(0)
    model = network(Shapes(images.shape[1:], classes), normalized=True)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    classifier = keras.Model(model.input, model.outputs[1])

    batch = min(BATCH, len(images))

    def seen(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        moved = shifted(images, random) if shift else images
        rows = random.permutation(len(images))
        return moved[rows], labels[rows]

    fit(classifier, seen, len(images) // batch, batch, epochs, "of the training images")
    return model


def fit(
    model: Any,
    seen: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]],
    steps: int,
    batch: int,
    epochs: int,
    what: str,
) -> None:
    """Trains a model of logits by cross-entropy, and prints its accuracy in each epoch.

    Args:
        model: A Keras model of floats in [-1, 1].
        seen: Returns the images, uint8, and the class numbers of an epoch, in a random order.
        steps: Steps of an epoch; images for which there is no whole batch are left out.
        batch: Number of images in a batch.
        epochs: Passes over the images.
        what: What the accuracy is a share of, for messages.
    """
    import keras

    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(2e-3, epochs * steps), weight_decay=1e-3
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    random = np.random.default_rng(0)
    for epoch in range(epochs):
        x, y = (each[: steps * batch] for each in seen(random))
        logs = model.fit(to_unit_range(x), y, batch, verbose=0, shuffle=False).history
        print(f"epoch {epoch + 1} of {epochs}: {logs['accuracy'][0]:.4f} {what}", flush=True)


def predicted(model: Any, images: np.ndarray) -> np.ndarray:
    """Returns the class that a classifier from `train` sees in each image, [N]."""
    parts = (to_unit_range(images[i : i + 1000]) for i in range(0, len(images), 1000))
    return np.concatenate([np.argmax(model(x, training=False)[1], axis=1) for x in parts])
