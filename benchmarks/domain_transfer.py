"""Transfers images to another domain without pairs, by DTN, and scores what is kept of them.

  python -m benchmarks.domain_transfer --mnist=idx:MNIST --emoji=folder:datasets/fxemoji
  python -m benchmarks.domain_transfer --parts=figures --output=docs/results.md

Parts, each with a table and a sheet `domain_transfer_PART.png` in --workdir:

  figures  solid figures to grey outlines: `dtn`, the same without L_CONST and with neither L_CONST
           nor L_TID, and `cyclegan`
  digits   coloured digits, made from MNIST's, to MNIST: `dtn_mnist`, the same with a vector as f's
           features and its control, and `cyclegan`
  emoji    figures to emoji: `dtn_fxemoji`, which needs pip install 'tfgan_zoo[imagenet]'

The images are of test splits, except for emoji, which have none. Finished runs in --workdir are
only scored. Prints the tables and, with --output, puts each into a Markdown file between the lines
`<!-- domain_transfer-PART:begin -->` and `<!-- domain_transfer-PART:end -->`. If figures are not
kept or not restyled as expected, if the control of digits keeps more of them than expected, or if
training changed f, the command ends with an error, after the tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

#: Figures on a sheet.
_ROWS = 8
#: Least shares of figures that DTN keeps and restyles.
_LEAST = {"shape": 0.9, "place": 0.9, "style": 0.85}
#: A game that nothing ties to its input: g turns a vector into an image by a dense layer, where
#: convolutions of maps keep places and shapes without being asked to.
_CONTROL = "vector, without L_CONST and L_TID"
_NEITHER = {"model_args.const_weight": 0.0, "model_args.identity_weight": 0.0}
#: Largest share of digits that the control keeps.
_MOST = 0.3


def is_unchanged(weights: Sequence[np.ndarray], export: Path) -> bool:
    """Returns whether a SavedModel contains all of some arrays, bit for bit.

    The SavedModel of a `DTN` contains f as it was in the process that trained, and f's own file has
    it as it was before.

    Args:
        weights: The arrays.
        export: Folder of the SavedModel.
    """
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(export / "variables" / "variables"))
    held = [
        reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
    ]
    known = {(each.shape, each.tobytes()) for each in held}
    return all((each.shape, each.tobytes()) in known for each in weights)


def _check_frozen(what: str, weights: Sequence[np.ndarray], workdir: Path) -> Iterator[str]:
    if not is_unchanged(weights, workdir / "export" / "dtn" / "1"):
        yield f"! {what}: expected f to be the same after training, bit for bit, got another."


def _save(
    given: cli.Flags, part: str, titles: Sequence[str], columns: Sequence[np.ndarray]
) -> None:
    from tfgan_zoo import pictures

    shown = [pictures.as_colour(each[:_ROWS]) for each in columns]
    sheet = pictures.titled_rows(titles, shown, at_least=640)
    pictures.save_png(Path(given.workdir) / f"domain_transfer_{part}.png", sheet)


def lost(scores: Mapping[str, float]) -> Iterator[str]:
    """Yields which expectations of figures the scores of `dtn` do not fulfil."""
    for key, least in _LEAST.items():
        if not scores[key] >= least:
            yield f"! figures, dtn, {key}: expected {least} or more, got {scores[key]:.3f}."


def figures(given: cli.Flags) -> Iterator[str]:
    """Solid figures to grey outlines: shape and place kept, style changed."""
    from benchmarks import feature_distances
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures as data
    from tfgan_zoo.metrics import sliced_wasserstein
    from tfgan_zoo.metrics.figures import translation_scores

    view = "transfer"
    a, b = (data.attributes(view, "test", given.num, domain=domain) for domain in "ab")
    wanted = data.in_style_of(a, b)
    inputs, outlines, right = data.render(a), data.render(b), data.render(wanted)
    # Equal images have no distance: held-out outlines are as far from these as others may be.
    seen = pictures.from_uint8(data.load(view, "train", num=len(a))["b"])
    no_const, source = {"model_args.const_weight": 0.0}, {"data.source": f"figures/{view}"}
    runs = {
        "`dtn`": common.trained(given, "dtn", "dtn"),
        "`dtn` without L_CONST": common.trained(given, "dtn", "dtn_no_const", no_const),
        "`dtn` without L_CONST and L_TID": common.trained(given, "dtn", "dtn_neither", _NEITHER),
        "`cyclegan`": common.trained(given, "cyclegan", "cyclegan_transfer", source),
    }
    made = {"the input itself": inputs, "another outline": outlines}
    costs = dict.fromkeys(made, " | | ")
    for name, (model, workdir) in runs.items():
        made[name] = pictures.to_uint8(model.translate(inputs, batch_size=50))
        costs[name] = common.cost(workdir, model.steps_done)
    dtn, workdir = runs["`dtn`"]
    f = dtn.frozen("features")
    yield f"{len(inputs):,} held-out figures; {common.where()}."
    yield ""
    yield (
        "| translation | shape kept | place kept | both | target style | all | MAE | SWD | "
        "distance in f | steps | time | images/s |"
    )
    yield f"|{'---|' * 12}"
    scores = {name: translation_scores(images, wanted) for name, images in made.items()}
    for name, images in made.items():
        found = " | ".join(
            f"{scores[name][key]:.3f}" for key in ("shape", "place", "kept", "style", "all")
        )
        error = np.abs(images.astype(float) - right).mean() / 255
        swd = sliced_wasserstein(pictures.from_uint8(images), seen)
        distance = feature_distances.normalised_error(f, images, inputs)
        yield f"| {name} | {found} | {error:.4f} | {swd:.4f} | {distance:.3f} | {costs[name]} |"
    titles = ["source", "dtn", "no L_CONST", "neither", "cyclegan", "wanted"]
    _save(given, "figures", titles, [inputs, *(made[name] for name in runs), right])
    yield from lost(scores["`dtn`"])
    yield from _check_frozen("figures", [np.asarray(w) for w in f.weights], workdir)


def coloured(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns grey images in colours of their own, bright on dark, uint8 `[num, H, W, 3]`.

    Args:
        ink: Grey images, uint8 `[num, H, W, 1]`.
        random: Where the colours come from.
    """
    colour = random.integers(128, 256, (len(ink), 1, 1, 3))
    ground = random.integers(0, 64, (len(ink), 1, 1, 3))
    made = np.empty((*ink.shape[:3], 3), np.uint8)
    for i in range(0, len(ink), 1000):  # All at once would take gigabytes.
        part = slice(i, i + 1000)
        share = ink[part] / 255
        made[part] = share * colour[part] + (1 - share) * ground[part]
    return made


def _digits(source: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    from tfgan_zoo.data import fit_for, load_images, open_source

    opened = open_source(source, split=split)
    return load_images(opened, fit_for(opened)), np.asarray(opened.labels)


def digits(given: cli.Flags) -> Iterator[str]:
    """Coloured digits to MNIST's: the share that a classifier of MNIST still reads right."""
    from tfgan_zoo import pictures
    from tfgan_zoo.metrics import sliced_wasserstein
    from tfgan_zoo.metrics.features import open_features
    from tfgan_zoo.run import experiment

    file = Path(given.workdir) / "coloured.npz"
    digits_of = {split: _digits(given.mnist, split) for split in ("train", "test")}
    if not file.exists():
        random = np.random.default_rng(0)
        arrays: dict[str, np.ndarray] = {}
        for split, (ink, classes) in digits_of.items():
            arrays |= {f"x_{split}": coloured(ink, random), f"y_{split}": classes}
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    with np.load(file) as made_before:
        inputs = made_before["x_test"][: given.num]
    plain, labels = (each[: given.num] for each in digits_of["test"])
    # Equal images have no distance.
    seen = pictures.from_uint8(digits_of["train"][0][: given.num])
    source = f"npz:{file}|{given.mnist}"
    entries: dict[str, Any] = {"data.source": source}
    if given.steps is not None:
        entries["pretraining.steps"] = given.steps
    vector = entries | {"model_args.features": "classifier:dense64"}
    runs = {
        "`dtn_mnist`": common.trained(given, "dtn_mnist", "dtn_mnist", entries),
        "`dtn_mnist`, vector": common.trained(given, "dtn_mnist", "dtn_mnist_vector", vector),
        _CONTROL: common.trained(given, "dtn_mnist", "dtn_mnist_control", vector | _NEITHER),
        "`cyclegan`": common.trained(
            given,
            "cyclegan",
            "cyclegan_mnist",
            {
                "data.source": source,
                "model_args.image_shape": "(28,28,3)",
                "model_args.channels_b": 1,
                "model_args.identity_weight": 0.0,
                "evaluate.metrics": "swd",
            },
        ),
    }
    made = {"a grey copy": grey(inputs), "a grey copy, stretched": stretched(grey(inputs))}
    costs = dict.fromkeys([*made, "MNIST's own digit"], " | | ")
    for name, (model, workdir) in runs.items():
        made[name] = pictures.to_uint8(model.translate(inputs, batch_size=50))
        costs[name] = common.cost(workdir, model.steps_done)
    made["MNIST's own digit"] = plain
    read = open_features("mnist_v1")
    yield f"{len(inputs):,} test digits; {common.where()}."
    yield ""
    yield "| translation | accuracy of `mnist_v1` | MAE | SWD | steps | time | images/s |"
    yield f"|{'---|' * 7}"
    accuracy = {}
    for name, images in made.items():
        accuracy[name] = float(np.mean(np.argmax(read(images)[1], axis=1) == labels))
        error = np.abs(images.astype(float) - plain).mean() / 255
        swd = sliced_wasserstein(pictures.from_uint8(images), seen)
        yield f"| {name} | {accuracy[name]:.4f} | {error:.4f} | {swd:.4f} | {costs[name]} |"
    titles = ["source", "dtn_mnist", "vector", "control", "cyclegan", "grey copy", "MNIST"]
    columns = [inputs, *(made[name] for name in runs), made["a grey copy"], plain]
    _save(given, "digits", titles, columns)
    if not accuracy[_CONTROL] <= _MOST:
        yield f"! digits, control: expected {_MOST} or less, got {accuracy[_CONTROL]:.3f}."
    workdir = runs["`dtn_mnist`"][1]
    before = experiment.load_run(workdir / "pretraining")
    classifier = before.sampling_network(before.classifier)
    # Later layers than f's are not exported.
    num = len(runs["`dtn_mnist`"][0].frozen("features").weights)
    yield from _check_frozen("digits", classifier.get_weights()[:num], workdir)


def grey(images: np.ndarray) -> np.ndarray:
    """Returns the luma of images (Rec. 601), uint8 `[num, H, W, 1]`."""
    luma = images.astype(np.float64) @ np.array([[0.299], [0.587], [0.114]])
    return np.round(luma).astype(np.uint8)


def stretched(images: np.ndarray) -> np.ndarray:
    """Returns images whose darkest value is 0 and whose brightest is 255, each by itself."""
    low = images.min(axis=(1, 2, 3), keepdims=True).astype(np.float64)
    high = images.max(axis=(1, 2, 3), keepdims=True)
    return np.round(255 * (images - low) / np.maximum(high - low, 1)).astype(np.uint8)


def emoji(given: cli.Flags) -> Iterator[str]:
    """Figures to emoji: how near they come to emoji, and what f still sees of the figures."""
    from benchmarks import feature_distances
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures as data
    from tfgan_zoo.data import fit_for, load_images, open_source
    from tfgan_zoo.metrics import sliced_wasserstein

    source = {"data.source": f"figures/full|{given.emoji}"}
    model, workdir = common.trained(given, "dtn_fxemoji", "dtn_fxemoji", source)
    opened = open_source(given.emoji, split="train")
    targets = load_images(opened, fit_for(opened, image_size=(32, 32), channels=3))
    targets = targets[np.random.default_rng(0).permutation(len(targets))]
    inputs = data.load("full", "test", num=min(given.num, len(targets)))["image"]
    made = {
        "figures": inputs,
        "`dtn_fxemoji`": pictures.to_uint8(model.translate(inputs, batch_size=50)),
        "emoji": targets[: len(inputs)],
    }
    f = model.frozen("features")
    yield f"{len(inputs):,} held-out figures and {len(targets):,} emoji; {common.where()}."
    yield ""
    yield "| images | SWD to emoji | distance in f to the figures | steps | time | images/s |"
    yield f"|{'---|' * 6}"
    for name, images in made.items():
        # Emoji as two halves: equal images have no distance.
        pair = (images, targets)
        if name == "emoji":
            pair = targets[::2], targets[1::2]
        swd = sliced_wasserstein(*(pictures.from_uint8(each) for each in pair))
        distance = feature_distances.normalised_error(f, images, inputs)
        cost = common.cost(workdir, model.steps_done) if name == "`dtn_fxemoji`" else " | | "
        yield f"| {name} | {swd:.4f} | {distance:.3f} | {cost} |"
    itself = pictures.to_uint8(model.translate(targets[:_ROWS], batch_size=_ROWS))
    titles = ["figure", "transferred", "emoji", "emoji, itself"]
    _save(given, "emoji", titles, [inputs, made["`dtn_fxemoji`"], targets, itself])
    yield from _check_frozen("emoji", [np.asarray(w) for w in f.weights], workdir)


def main(argv: list[str]) -> None:
    """Trains the models and writes the tables."""
    given = cli.Flags()
    given.define_list("parts", ["figures", "digits", "emoji"], "Parts.")
    given.define_string("workdir", "runs", "Folder of the run folders and pictures.")
    given.define_string("mnist", "tfds:mnist", "Source of MNIST.")
    given.define_string("emoji", "folder:datasets/fxemoji", "Source of emoji.")
    given.define_integer(
        "steps", None, "Steps of each run, a classifier's included; the recipes' by default."
    )
    given.define_integer("num", 2000, "Images to score.")
    given.define_string("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    Path(given.workdir).mkdir(parents=True, exist_ok=True)
    parts = {"figures": figures, "digits": digits, "emoji": emoji}
    common.write_parts(parts, given, "domain_transfer")


if __name__ == "__main__":
    cli.run(main)
