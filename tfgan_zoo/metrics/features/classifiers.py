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

import numpy as np

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.familiarity import Familiarity
from tfgan_zoo.metrics.features.keras_model import ModelFeatures
from tfgan_zoo.networks.classifiers import (
    CLASSIFIERS,
    DIM,
    Shapes,
    folded,
    network,
    read_arrays,
    rescaled,
    shipped_weights,
)
from tfgan_zoo.suggestions import did_you_mean

__all__ = [
    "CLASSIFIERS",
    "DIM",
    "ClassifierFeatures",
    "Shapes",
    "folded",
    "network",
    "rescaled",
    "shipped_familiarity",
    "shipped_weights",
]


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


def shipped_familiarity(name: str) -> Familiarity:
    """Returns the statistics of a classifier's own images that come with the library."""
    arrays = read_arrays(__package__, f"{name}_familiarity")
    return Familiarity(arrays["means"], arrays["whitening"], float(arrays["distance"]))
