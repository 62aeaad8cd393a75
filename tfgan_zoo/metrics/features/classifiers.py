"""Small classifiers that come with the library: features without a download.

| name | trained on | input | classes |
|---|---|---|---|
| `figures_v1` | the drawn figures, all views | 32x32 RGB | 144, shape x colour x fill |
| `mnist_v1` | MNIST | 28x28 grey | 10 |
| `fashion_mnist_v1` | Fashion-MNIST | 28x28 grey | 10 |

All have the same architecture: four convolutions with ReLU, a narrow fifth one, and two dense
layers. The features are the 64 inputs of the last layer, which keep the position of things in the
image. `python -m benchmarks.train_features` trains them and prints their accuracy; with
`--weights=shipped` it measures those that come with the library, and writes the statistics of their
training images, `NAME_familiarity.npz`.

Scores in these features can be compared only with one another, never with published FIDs.
"""

import dataclasses
import importlib.resources
import io
from typing import Any

import numpy as np

from tfgan_zoo.data.figures import CLASS_NAMES, FILLS
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.familiarity import Familiarity
from tfgan_zoo.metrics.features.keras_model import ModelFeatures
from tfgan_zoo.suggestions import did_you_mean

DIM = 64


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


class ClassifierFeatures(ModelFeatures):
    """The 64 features and the logits of a small classifier; see the table above.

    Images are resized to the network's size, `antialiased`. Digits and clothes of 32x32 are cropped
    by two pixels per side instead, which are usually padding of 28x28. Colour is converted to grey
    by Rec. 601 luma for grey networks, and grey is repeated for colour networks.

    Args:
        name: Key of `CLASSIFIERS`.
        weights: Weights for `network`; None for those that come with the library.

    Attributes:
        familiarity: Statistics of the classifier's own images, by which metrics warn of images of
            another kind; None with other weights.

    Raises:
        InputError: If there is no such classifier.

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
        super().__init__(model, name, class_names=CLASSIFIERS[name].names)
        self.familiarity = shipped_familiarity(name) if weights is None else None

    def fitted(self, images: np.ndarray) -> np.ndarray:
        """See `ModelFeatures.fitted`."""
        if images.shape[1:3] == (32, 32) and self.image_shape[:2] == (28, 28):
            images = images[:, 2:-2, 2:-2]
        return super().fitted(images)


def network(shapes: Shapes, normalized: bool = False) -> Any:
    """Builds the network, from images in [-1, 1] to (features, logits).

    Args:
        shapes: Shape of an image and number of classes.
        normalized: Whether to add batch normalization after each convolution, for training.
            `folded` converts the weights to those of the network without.
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
    arrays = _shipped(name)
    return [arrays[f"arr_{i}"].astype(np.float32) for i in range(len(arrays))]


def shipped_familiarity(name: str) -> Familiarity:
    """Returns the statistics of a classifier's own images that come with the library."""
    arrays = _shipped(f"{name}_familiarity")
    return Familiarity(arrays["means"], arrays["whitening"], float(arrays["distance"]))


def _shipped(name: str) -> dict[str, np.ndarray]:
    data = importlib.resources.files("tfgan_zoo.metrics.features").joinpath(f"{name}.npz")
    with np.load(io.BytesIO(data.read_bytes())) as arrays:
        return {each: arrays[each] for each in arrays.files}
