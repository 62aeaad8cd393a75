"""Trains one of the small classifiers whose features the library scores images in.

  python -m benchmarks.train_features --name=figures_v1
  python -m benchmarks.train_features --name=mnist_v1 --data=idx:/data/mnist
  python -m benchmarks.train_features --name=fashion_mnist_v1 --data=idx:/data/fashion_mnist

Writes the weights, as float16, to --output, and prints how many of the test images they get right,
as they were rounded.
"""

import gzip
from pathlib import Path

import numpy as np
from absl import app, flags

from tfgan_zoo import cli

_NAME = flags.DEFINE_string("name", None, "Which.", required=True)
_DATA = flags.DEFINE_string("data", "figures", "figures, or idx:FOLDER with labels, all .gz.")
_EPOCHS = flags.DEFINE_integer("epochs", 8, "Times that each image is seen.")
_OUTPUT = flags.DEFINE_string("output", None, "A .npz; tfgan_zoo/metrics/features/NAME.npz.")
_BATCH = 128
_PREFIX = {"train": "train", "test": "t10k"}


def figures_data(split: str, num: int, seed: int, resolution: int = 32):
    """Draws figures of every view, and what is to be told apart of them."""
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
    """Opens a split of idx files, and the file of its labels."""
    from tfgan_zoo.data import open_source
    from tfgan_zoo.data.sources import parse_spec

    (file,) = Path(parse_spec(_DATA.value)[1]).glob(f"{_PREFIX[split]}-labels-*.gz")
    labels = np.frombuffer(gzip.decompress(file.read_bytes())[8:], np.uint8)
    return open_source(_DATA.value, split).array, labels.astype(np.int32)


def shifted(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Moves each image by up to two pixels, repeating the edge."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    moved = np.empty_like(images)
    for i, (top, left) in enumerate(random.integers(0, 5, (len(images), 2))):
        moved[i] = padded[i, top : top + height, left : left + width]
    return moved


def of_unit_size(weights: list[np.ndarray], images: np.ndarray) -> list[np.ndarray]:
    """Brings features to about 1 of the training images, by a power of two: KID needs some size."""
    from tfgan_zoo.metrics.features.classifiers import ClassifierFeatures, rescaled

    floats = [array.astype(np.float32) for array in weights]
    features, _ = ClassifierFeatures(_NAME.value, floats)(images[:2000])
    size = float(np.sqrt(np.mean(features**2)))
    return [array.astype(np.float16) for array in rescaled(floats, 2.0 ** -round(np.log2(size)))]


def main(argv: list[str]) -> None:
    """Trains, writes, tests."""
    del argv
    cli.quiet_tensorflow()
    import keras

    from tfgan_zoo.metrics.features.classifiers import (
        CLASSIFIERS,
        ClassifierFeatures,
        folded,
        network,
    )

    keras.utils.set_random_seed(0)
    shapes = CLASSIFIERS[_NAME.value]
    is_figures = _DATA.value == "figures"
    # Other figures than the data set's, which has seed 0.
    images, labels = figures_data("train", 40_000, 1) if is_figures else source_data("train")
    model = network(shapes, normalized=True)
    classifier = keras.Model(model.input, model.outputs[1])
    steps = _EPOCHS.value * (len(images) // _BATCH)
    classifier.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-3
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    random = np.random.default_rng(0)
    for epoch in range(_EPOCHS.value):
        # A figure has its margin; moved, a digit is another one of the same.
        seen = images if is_figures else shifted(images, random)
        order = random.permutation(len(seen))[: len(seen) // _BATCH * _BATCH]
        x = seen[order] / np.float32(127.5) - 1
        logs = classifier.fit(x, labels[order], _BATCH, verbose=0, shuffle=False).history
        print(f"epoch {epoch + 1}: {logs['accuracy'][0]:.4f} of the training images", flush=True)
    rounded = of_unit_size([w.astype(np.float16) for w in folded(model.get_weights())], images)
    default = Path("tfgan_zoo/metrics/features") / f"{_NAME.value}.npz"
    output = Path(_OUTPUT.value or default)
    np.savez_compressed(output, *rounded)
    print(f"{sum(map(np.size, rounded)):,} weights, {output.stat().st_size:,} bytes: {output}")
    features = ClassifierFeatures(_NAME.value, [array.astype(np.float32) for array in rounded])
    for what, (x, y) in tests(is_figures).items():
        right = features(x)[1].argmax(axis=1) == y
        print(f"{what}: {right.mean():.4f} of {len(y):,} right", flush=True)


def tests(is_figures: bool) -> dict:
    """Returns the images it is tested on."""
    if not is_figures:
        return {"test": source_data("test")}
    from tfgan_zoo.data import figures

    found = {}
    for view in ("", "full", "captions"):
        drawn = figures.attributes(view, "test")
        wanted = drawn.label * len(figures.FILLS) + drawn.fill
        for side in (32, 64):
            name = f"figures{'/' * bool(view)}{view} test at {side}x{side}"
            found[name] = figures.render(drawn, side), wanted
    return found


if __name__ == "__main__":
    app.run(main)
