"""Trains the small classifier whose network the library's features have."""

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
    steps = epochs * (len(images) // batch)
    classifier.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-3
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    random = np.random.default_rng(0)
    for epoch in range(epochs):
        seen = shifted(images, random) if shift else images
        order = random.permutation(len(seen))[: len(seen) // batch * batch]
        x = to_unit_range(seen[order])
        logs = classifier.fit(x, labels[order], batch, verbose=0, shuffle=False).history
        print(f"epoch {epoch + 1}: {logs['accuracy'][0]:.4f} of the training images", flush=True)
    return model


def predicted(model: Any, images: np.ndarray) -> np.ndarray:
    """Returns the class that a classifier from `train` sees in each image, [N]."""
    parts = (to_unit_range(images[i : i + 1000]) for i in range(0, len(images), 1000))
    return np.concatenate([np.argmax(model(x, training=False)[1], axis=1) for x in parts])
