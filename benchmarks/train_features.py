"""Trains one of the small classifiers whose features the library's metrics use.

  python -m benchmarks.train_features --name=figures_v1
  python -m benchmarks.train_features --name=mnist_v1 --data=idx:/data/mnist
  python -m benchmarks.train_features --name=fashion_mnist_v1 --data=idx:/data/fashion_mnist

Writes the weights, as float16, to --output, and prints their accuracy on the test images after
rounding. Next to them it writes the features of the training images, NAME_familiarity.npz, and
prints the test images' mean distance from these, and the mean confidence. With --weights=shipped
nothing is trained, and only NAME_familiarity.npz is written.
"""

import gzip
from pathlib import Path

import numpy as np
from absl import app, flags

from benchmarks import classifiers
from tfgan_zoo import cli

_NAME = flags.DEFINE_string("name", None, "Name of the classifier.", required=True)
_DATA = flags.DEFINE_string("data", "figures", "figures, or idx:FOLDER with labels, all .gz.")
_EPOCHS = flags.DEFINE_integer("epochs", 8, "Passes over the images.")
_OUTPUT = flags.DEFINE_string("output", None, "A .npz; tfgan_zoo/networks/NAME.npz.")
_WEIGHTS = flags.DEFINE_enum("weights", "train", ["train", "shipped"], "Train or only measure.")
_PREFIX = {"train": "train", "test": "t10k"}


def figures_data(split: str, num: int, seed: int, resolution: int = 32):
    """Draws figures of every view, with their classes."""
    from tfgan_zoo.data import figures

    images, labels = [], []
    views = [("full", ""), ("", ""), ("captions", ""), ("paired", "a"), ("unpaired", "b")]
    shares = [6, 1, 1, 1, 1]
    for (view, domain), share in zip(views, shares, strict=True):
        drawn = figures.attributes(view, split, num * share // 10, seed, domain=domain)
        images.append(figures.render(drawn, resolution))
        labels.append(drawn.label * len(figures.FILLS) + drawn.fill)
    return np.concatenate(images), np.concatenate(labels)


def source_data(split: str):
    """Returns the images and labels of a split of idx files."""
    from tfgan_zoo.data import open_source
    from tfgan_zoo.data.spec import parse_spec

    (file,) = Path(parse_spec(_DATA.value)[1]).glob(f"{_PREFIX[split]}-labels-*.gz")
    labels = np.frombuffer(gzip.decompress(file.read_bytes())[8:], np.uint8)
    return open_source(_DATA.value, split).array, labels.astype(np.int32)


def of_unit_size(weights: list[np.ndarray], images: np.ndarray) -> list[np.ndarray]:
    """Scales weights by a power of two so that features are about 1, as KID needs."""
    from tfgan_zoo.metrics.features.classifiers import ClassifierFeatures, rescaled

    floats = [array.astype(np.float32) for array in weights]
    features, _ = ClassifierFeatures(_NAME.value, floats)(images[:2000])
    size = float(np.sqrt(np.mean(features**2)))
    return [array.astype(np.float16) for array in rescaled(floats, 2.0 ** -round(np.log2(size)))]


def main(argv: list[str]) -> None:
    """Trains the classifier, writes it and tests it."""
    del argv
    cli.quiet_tensorflow()
    from tfgan_zoo.metrics.features.classifiers import ClassifierFeatures, shipped_weights

    is_figures = _DATA.value == "figures"
    # Other figures than the dataset's, which has seed 0.
    images, labels = figures_data("train", 40_000, 1) if is_figures else source_data("train")
    output = Path(_OUTPUT.value or Path("tfgan_zoo/networks") / f"{_NAME.value}.npz")
    beside = output.parent if _OUTPUT.value else Path("tfgan_zoo/metrics/features")
    if _WEIGHTS.value == "shipped":
        weights = shipped_weights(_NAME.value)
    else:
        rounded = trained(images, labels, is_figures)
        np.savez_compressed(output, *rounded)
        print(f"{sum(map(np.size, rounded)):,} weights, {output.stat().st_size:,} bytes: {output}")
        weights = [array.astype(np.float32) for array in rounded]
    features = ClassifierFeatures(_NAME.value, weights)
    known, distances, confidences = familiarity(features, images, labels), [], []
    for what, (x, y) in tests(is_figures).items():
        computed, logits = features(x)
        confidence = np.exp(logits - logits.max(axis=1, keepdims=True))
        confidences.append(1 / confidence.sum(axis=1))
        distances.append(known.distances(computed).numpy())
        print(
            f"{what}: {(logits.argmax(axis=1) == y).mean():.4f} of {len(y):,} right, mean "
            f"confidence {confidences[-1].mean():.4f}, mean distance {distances[-1].mean():.3f}",
            flush=True,
        )
    distance = float(np.concatenate(distances).mean())
    confidence = float(np.concatenate(confidences).mean())
    print(f"all: mean confidence {confidence:.4f}, mean distance {distance:.3f}")
    np.savez_compressed(
        beside / f"{output.stem}_familiarity.npz",
        **{**known._asdict(), "distance": np.float64(distance)},
    )


def familiarity(features, images: np.ndarray, labels: np.ndarray):
    """Fits the distribution of the training images' features."""
    from tfgan_zoo.metrics.familiarity import fitted

    return fitted(features(images)[0], labels, features.classes)


def trained(images: np.ndarray, labels: np.ndarray, is_figures: bool) -> list[np.ndarray]:
    """Trains a classifier and returns its weights, float16."""
    from tfgan_zoo.metrics.features.classifiers import CLASSIFIERS, folded

    # Figures keep their margin; a shifted digit is a new example of its class.
    classes = CLASSIFIERS[_NAME.value].classes
    model = classifiers.train(images, labels, classes, _EPOCHS.value, shift=not is_figures)
    return of_unit_size([w.astype(np.float16) for w in folded(model.get_weights())], images)


def tests(is_figures: bool) -> dict:
    """Returns the test images and labels by name."""
    if not is_figures:
        return {"test": source_data("test")}
    from tfgan_zoo.data import figures

    found = {}
    views = [("", ""), ("full", ""), ("captions", ""), ("paired", "a"), ("unpaired", "b")]
    for view, domain in views:
        drawn = figures.attributes(view, "test", domain=domain)
        wanted = drawn.label * len(figures.FILLS) + drawn.fill
        for side in (32, 64):
            place = "/".join(part for part in ("figures", view, domain) if part)
            name = f"{place} test at {side}x{side}"
            found[name] = figures.render(drawn, side), wanted
    return found


if __name__ == "__main__":
    app.run(main)
