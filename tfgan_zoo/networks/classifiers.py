"""Small classifiers that come with the library: `figures_v1`, `mnist_v1`, `fashion_mnist_v1`.

All have the same architecture: four convolutions with ReLU, a narrow fifth one, and two dense
layers. See `tfgan_zoo.metrics.features.classifiers` for what they were trained on.
"""

import dataclasses
import importlib.resources
import io
from typing import Any

import keras
import numpy as np

from tfgan_zoo.data.figures import CLASS_NAMES, FILLS

DIM = 64
#: Filters, kernel size and stride of each convolution.
_CONVOLUTIONS = ((32, 3, 1), (48, 3, 2), (64, 3, 1), (64, 3, 2), (16, 1, 1))


@dataclasses.dataclass(frozen=True)
class Shapes:
    """Input and output sizes of a classifier.

    Args:
        image: Shape of an image, (height, width, channels).
        classes: Number of classes.
        names: The class of each logit; several may stand for one.
    """

    image: tuple[int, int, int]
    classes: int
    names: tuple[str, ...] = ()


_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CLASSIFIERS = {
    # Each of the 48 classes of figures has a logit for each fill.
    "figures_v1": Shapes((32, 32, 3), 144, tuple(np.repeat(CLASS_NAMES, len(FILLS)).tolist())),
    "mnist_v1": Shapes((28, 28, 1), 10, tuple(map(str, range(10)))),
    "fashion_mnist_v1": Shapes((28, 28, 1), 10, _CLOTHES),
}


def network(shapes: Shapes, normalized: bool = False) -> Any:
    """Builds the network, from images in [-1, 1] to (features, logits).

    Args:
        shapes: Shape of an image and number of classes.
        normalized: Whether to add batch normalization after each convolution, for training.
            `folded` converts the weights to those of the network without.
    """
    inputs = keras.Input(shapes.image)
    x = inputs
    for i, (filters, size, stride) in enumerate(_CONVOLUTIONS, 1):
        x = keras.layers.Conv2D(
            filters, size, stride, "same", use_bias=not normalized, name=f"conv{i}_linear"
        )(x)
        if normalized:
            x = keras.layers.BatchNormalization(epsilon=1e-3)(x)
        x = keras.layers.ReLU(name=f"conv{i}")(x)
    x = keras.layers.Flatten()(x)
    features = keras.layers.Dense(DIM, "relu", name=f"dense{DIM}")(x)
    logits = keras.layers.Dense(shapes.classes, name="logits")(features)
    return keras.Model(inputs, (features, logits))


def folded(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Folds batch normalization into the convolutions before it.

    Args:
        weights: Weights of `network(..., normalized=True)`.

    Returns:
        Weights of `network(...)` that compute the same.
    """
    result = []
    for i in range(0, len(weights) - 4, 5):
        kernel, gamma, beta, mean, variance = weights[i : i + 5]
        scale = gamma / np.sqrt(variance + 1e-3)
        result += [kernel * scale, beta - mean * scale]
    return result + weights[-4:]


def rescaled(weights: list[np.ndarray], factor: float) -> list[np.ndarray]:
    """Multiplies the features by a positive factor without changing the logits.

    Args:
        weights: Weights of `network(...)`.
        factor: The factor; a power of two is exact.
    """
    *before, kernel, bias, classifier, last = weights
    return [*before, kernel * factor, bias * factor, classifier / factor, last]


def shipped_weights(name: str) -> list[np.ndarray]:
    """Returns the weights that come with the library, float32 (stored as float16)."""
    arrays = read_arrays("tfgan_zoo.networks", name)
    return [arrays[f"arr_{i}"].astype(np.float32) for i in range(len(arrays))]


def read_arrays(package: str, name: str) -> dict[str, np.ndarray]:
    """Returns the arrays of a .npz file that comes with the library.

    Args:
        package: Name of the package that it is in.
        name: Its name without the ending.
    """
    data = importlib.resources.files(package).joinpath(f"{name}.npz")
    with np.load(io.BytesIO(data.read_bytes())) as arrays:
        return {each: arrays[each] for each in arrays.files}
