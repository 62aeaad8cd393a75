"""Small classifiers of the library's own, whose weights come with it: features with no download.

| name | trained on | input | classes |
|---|---|---|---|
| `figures_v1` | the drawn figures, all views | 32x32 RGB | 144, shape x colour x fill |
| `mnist_v1` | MNIST | 28x28 grey | 10 |
| `fashion_mnist_v1` | Fashion-MNIST | 28x28 grey | 10 |

All are one network: four convolutions with ReLU, a narrow fifth, and two dense layers. The features
are the 64 numbers before the last one, which keep where in the image things are. How they were
trained, and how often they are right, prints `python -m benchmarks.train_features`; with
`--weights=shipped` it measures those that come with the library, and writes what their training
images look like to them, `NAME_familiarity.npz`.

Scores in these features are to be compared with one another alone, never with published FIDs.
"""

import dataclasses
import importlib.resources
import io
from typing import Any

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.familiarity import Familiarity
from tfgan_zoo.metrics.features.keras_model import ModelFeatures
from tfgan_zoo.suggestions import did_you_mean

DIM = 64


@dataclasses.dataclass(frozen=True)
class Shapes:
    """What a classifier takes and tells apart.

    Args:
        image: (height, width, channels).
        classes: how many.
    """

    image: tuple[int, int, int]
    classes: int


CLASSIFIERS = {
    "figures_v1": Shapes((32, 32, 3), 144),
    "mnist_v1": Shapes((28, 28, 1), 10),
    "fashion_mnist_v1": Shapes((28, 28, 1), 10),
}


class ClassifierFeatures(ModelFeatures):
    """The 64 features and the logits of a small classifier; see the table above.

    Images of another size are brought to the network's. Digits and clothes of 32x32 lose the two
    pixels at each side that are usually black there (28 -> 32 by padding); all else is resized,
    `antialiased`. Colour is turned grey where the network is, by Rec. 601's luma, and grey is
    repeated where it is not.

    Args:
        name: a key of `CLASSIFIERS`.
        weights: of `network`, instead of those that come with the library.

    Attributes:
        familiarity: what images of the classifier's own kind look like to it, by which scores warn
            of others; None with other weights.

    Raises:
        InputError: if there is no such classifier.

    Example:
        >>> features, logits = ClassifierFeatures("mnist_v1")(np.zeros((2, 28, 28, 1), np.uint8))
        >>> features.shape, logits.shape
        ((2, 64), (2, 10))
    """

    def __init__(self, name: str, weights: list[np.ndarray] | None = None):
        if name not in CLASSIFIERS:
            raise InputError(f"features: there is no {name!r}{did_you_mean(name, CLASSIFIERS)}")
        model = network(CLASSIFIERS[name])
        model.set_weights(shipped_weights(name) if weights is None else weights)
        super().__init__(model, name)
        self.familiarity = shipped_familiarity(name) if weights is None else None

    def fitted(self, images: np.ndarray) -> np.ndarray:
        """See `ModelFeatures.fitted`."""
        if images.shape[1:3] == (32, 32) and self.image_shape[:2] == (28, 28):
            images = images[:, 2:-2, 2:-2]
        return super().fitted(images)


def network(shapes: Shapes, normalized: bool = False) -> Any:
    """Makes the network, from images in [-1, 1] to (features, logits).

    Args:
        shapes: of images and classes.
        normalized: with batch normalization after each convolution, to train it; `folded` takes
            the weights of such a network to those of one without.
    """
    import keras

    inputs = keras.Input(shapes.image)
    x = inputs
    for filters, size, stride in ((32, 3, 1), (48, 3, 2), (64, 3, 1), (64, 3, 2), (16, 1, 1)):
        x = keras.layers.Conv2D(filters, size, stride, "same", use_bias=not normalized)(x)
        if normalized:
            x = keras.layers.BatchNormalization(epsilon=1e-3)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(x)
    features = keras.layers.Dense(DIM, "relu")(x)
    logits = keras.layers.Dense(shapes.classes)(features)
    return keras.Model(inputs, (features, logits))


def folded(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Takes batch normalization into the convolutions before it.

    Args:
        weights: of `network(..., normalized=True)`.

    Returns:
        Those of `network(...)` that computes the same.
    """
    result = []
    for i in range(0, len(weights) - 4, 5):
        kernel, gamma, beta, mean, variance = weights[i : i + 5]
        scale = gamma / np.sqrt(variance + 1e-3)
        result += [kernel * scale, beta - mean * scale]
    return result + weights[-4:]


def rescaled(weights: list[np.ndarray], factor: float) -> list[np.ndarray]:
    """Multiplies the features by a factor above 0, and leaves the logits as they are.

    Args:
        weights: of `network(...)`.
        factor: a power of two changes no digit.
    """
    *before, kernel, bias, classifier, last = weights
    return [*before, kernel * factor, bias * factor, classifier / factor, last]


def shipped_weights(name: str) -> list[np.ndarray]:
    """Returns a classifier's weights, float32, as the library brings them: stored as float16."""
    arrays = _shipped(name)
    return [arrays[f"arr_{i}"].astype(np.float32) for i in range(len(arrays))]


def shipped_familiarity(name: str) -> Familiarity:
    """Returns what its own images look like to a classifier as the library brings it."""
    arrays = _shipped(f"{name}_familiarity")
    return Familiarity(arrays["means"], arrays["whitening"], float(arrays["distance"]))


def _shipped(name: str) -> dict[str, np.ndarray]:
    data = importlib.resources.files("tfgan_zoo.metrics.features").joinpath(f"{name}.npz")
    with np.load(io.BytesIO(data.read_bytes())) as arrays:
        return {each: arrays[each] for each in arrays.files}
