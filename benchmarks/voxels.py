"""Scores generated voxels, the discriminator's features, and what a run on few models memorises.

  python -m benchmarks.voxels --parts=solids,probe
  python -m benchmarks.voxels --parts=solids --sheet=solids.png --output=docs/results.md
  python -m benchmarks.voxels --parts=mmmm --mmmm=npz:mmmm_32.npz --output=docs/results.md

Parts, each with a table of its own:

  solids  samples of `gan_3d`, read back by fitting, beside test solids and controls
  probe   the kind of a solid by a linear classifier, from the discriminator's features and others
  mmmm    distances between samples of `gan_3d_mmmm` and the nearest training and held-out models

`solids` has a sheet with eight samples of each kind, and `mmmm` one of samples above their nearest
training models; both are in --workdir unless --sheet and --mmmm_sheet name their files.

The recipe `gan_3d` tells its discriminator the labels of all 6,000 training solids; --unlabelled
adds one to `probe` that was trained without, as in section 4.2 of Wu et al. 2016.

Finished runs in --workdir are only scored. Prints the tables and, with --output, puts each into a
Markdown file between the lines `<!-- voxels-PART:begin -->` and `<!-- voxels-PART:end -->`. Where a
control scores as well as a trained model, the command ends with an error, after the tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import common
from tfgan_zoo import cli

#: Samples of each kind on the sheet of `solids`, and samples on that of `mmmm`.
_OF_EACH, _SHOWN = 8, 16
#: Components of the smaller PCA of `probe`.
_FEW = 32
#: The most training sets whose accuracies `probe` averages.
_SETS = 10
#: What `mmmm` trains on, and what it holds out: every tenth of all models.
_TRAINED, _HELD_OUT = "train[~::10]", "train[::10]"
#: The distance below which two models count as copies.
_COPY = 0.05
#: Side of a drawn object in pixels.
_SIZE = 96

# ---------------------------------------------------------------------- solids


def solids(given: cli.Flags) -> Iterator[str]:
    """Samples of `gan_3d`, scored by the solids that they show."""
    from tfgan_zoo import pictures
    from tfgan_zoo.data import solids as data

    model, workdir = common.trained(given, "gan_3d", "gan_3d")
    side, labels = model.image_shape[0], asked(given.num)
    test = data.load("test", side, given.num)
    # Another data set of the same kind, so that test solids have a distance, too.
    other = pictures.from_uint8(data.load("test", side, given.num, seed=1)["voxels"])
    made = model.generate(label=labels, seed=1)
    scored = {
        "`gan_3d`": (made, labels, common.cost(workdir, model.steps_done)),
        "`gan_3d`, labels shuffled": (made, np.random.default_rng(0).permutation(labels), ""),
        "untrained generator": (untrained(model).generate(label=labels, seed=1), labels, ""),
        "majority of three training solids": (blends(labels, side), labels, ""),
        "test solids": (pictures.from_uint8(test["voxels"]), test["label"], ""),
    }
    yield f"{given.num:,} objects in each row; {common.where()}."
    yield ""
    yield (
        "| objects | mean IoU | valid | kinds of 6 | reverse KL | obedience | SWD | steps | time | "
        "objects/s |"
    )
    yield f"|{'---|' * 10}"
    valid = {}
    for name, (voxels, wanted, spent) in scored.items():
        scores = solid_cells(voxels, wanted, other)
        valid[name] = scores.valid
        yield f"| {name} | {scores.cells} | {spent or '— | — | —'} |"
    kinds = [model.generate(_OF_EACH, label=kind, seed=2) for kind in range(len(data.KINDS))]
    drawn = np.stack([pictures.draw_voxels(each, size=_SIZE) for each in kinds])
    sheet = pictures.labelled_rows(data.KINDS, drawn)
    pictures.save_image(Path(given.sheet or Path(given.workdir) / "solids.png"), sheet)
    for control in ("untrained generator", "majority of three training solids"):
        if valid["`gan_3d`"] <= valid[control]:
            yield (
                f"! solids: expected more valid samples than {valid[control]:.3f} ({control}), "
                f"got {valid['`gan_3d`']:.3f}."
            )


def asked(num: int) -> np.ndarray:
    """Returns labels of solids, each kind in turn."""
    from tfgan_zoo.data.solids import KINDS

    return np.arange(num, dtype=np.int32) % len(KINDS)


def untrained(model: Any) -> Any:
    """Returns the same model with random weights."""
    import keras

    keras.utils.set_random_seed(0)
    return type(model).from_config(model.get_config())


def blends(labels: np.ndarray, side: int) -> np.ndarray:
    """Returns voxels that are full in two or more of three random training solids of a kind.

    Args:
        labels: The kinds, `[N]`.
        side: Voxels of a side.

    Returns:
        Floats in [-1, 1], `[N, side, side, side, 1]`.
    """
    from tfgan_zoo.data import solids as data

    random, train = np.random.default_rng(0), data.load("train", side)
    full = train["voxels"] > 0
    rows = [random.choice(np.flatnonzero(train["label"] == label), 3, False) for label in labels]
    return np.where(full[np.array(rows)].sum(axis=1) >= 2, 1.0, -1.0).astype(np.float32)


class SolidCells(NamedTuple):
    """Scores of solids.

    Attributes:
        valid: The share of valid ones.
        cells: All scores, as cells of the table.
    """

    valid: float
    cells: str


def solid_cells(voxels: np.ndarray, wanted: np.ndarray, data: np.ndarray) -> SolidCells:
    """Scores voxels.

    Args:
        voxels: Floats in [-1, 1].
        wanted: Labels that they were asked for.
        data: Solids that the sliced Wasserstein distance compares them with, likewise.
    """
    from tfgan_zoo import metrics
    from tfgan_zoo.metrics.solids import solid_scores

    found = solid_scores(voxels, wanted)
    names = ("iou", "validity", "kinds", "reverse_kl", "obedience")
    iou, valid, kinds, divergence, obedience = (found[name] for name in names)
    swd = metrics.sliced_wasserstein(voxels, data)
    cells = (
        f"{iou:.3f} | {valid:.3f} | {kinds:.0f} | {_number(divergence)} | {_number(obedience)} | "
        f"{swd:.4f}"
    )
    return SolidCells(valid, cells)


def _number(value: float) -> str:
    return "—" if np.isnan(value) else f"{value:.3f}"


# ---------------------------------------------------------------------- probe


def probe(given: cli.Flags) -> Iterator[str]:
    """Linear probes of the kind of a solid from features of discriminators, PCA and voxels."""
    from benchmarks import codes
    from tfgan_zoo import pictures
    from tfgan_zoo.data import solids as data

    sizes = sorted(int(each) for each in given.labels)
    model, _ = common.trained(given, "gan_3d", "gan_3d")
    models = {"trained with labels": model}
    if given.unlabelled:
        without = {"model_args.num_classes": None}
        models["trained without labels"], _ = common.trained(
            given, "gan_3d", "gan_3d_unlabelled", without
        )
    models["random weights"] = untrained(model)
    seen, test = (data.load(split, model.image_shape[0]) for split in ("train", "test"))
    x, y = (pictures.from_uint8(each["voxels"]) for each in (seen, test))
    encoded = {
        f"discriminator, {name}": (each.encode(x), each.encode(y)) for name, each in models.items()
    }
    size = encoded["discriminator, random weights"][0].shape[1]
    pca = codes.components(x, min(size, x[0].size))
    for dims in sorted({min(_FEW, size), len(pca.axes)}):
        few = pca.first(dims)
        encoded[f"PCA, {dims:,}"] = few.encode(x), few.encode(y)
    encoded[f"voxels, {x[0].size:,}"] = x, y
    yield f"Accuracy on {len(y):,} test solids, from {size:,} features of a discriminator: the"
    yield "outputs of all its convolutions but the first, max-pooled to 2x2x2. Labels enter a"
    yield "discriminator after these and are no input of the features. Chance is 0.167. Mean and"
    yield f"standard deviation over up to {_SETS} training sets; {common.where()}."
    yield ""
    yield f"| features | {' | '.join(f'{each:,} labels' for each in sizes)} |"
    yield f"|---|{'---|' * len(sizes)}"
    found = {}
    for name, (ours, theirs) in encoded.items():
        found[name] = [probed(ours, seen["label"], theirs, test["label"], n) for n in sizes]
        yield f"| {name} | {' | '.join(map(_spread, found[name]))} |"
    ours, floor = (found[f"discriminator, {n}"] for n in ("trained with labels", "random weights"))
    for number, own, other in zip(sizes, ours, floor, strict=True):
        if np.mean(own) < np.mean(other):
            yield (
                f"! probe, {number:,} labels: expected at least the accuracy of random "
                f"weights, {np.mean(other):.3f}, got {np.mean(own):.3f}."
            )


def probed(
    codes: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, size: int
) -> list[float]:
    """Returns accuracies of linear probes, each with a training set of its own.

    Args:
        codes: All codes to learn from, `[N, ...]`.
        labels: Their classes.
        test: Codes to classify.
        test_labels: Their classes.
        size: Codes in each training set; the sets are consecutive.
    """
    from tfgan_zoo.metrics import linear_probe

    starts = range(0, len(codes) - size + 1, size)[:_SETS]
    parts = [slice(start, start + size) for start in starts]
    return [linear_probe(codes[part], labels[part], test, test_labels) for part in parts]


def _spread(values: Sequence[float]) -> str:
    """Returns the mean, with the standard deviation of several values."""
    several = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{several}"


# ---------------------------------------------------------------------- mmmm


def mmmm(given: cli.Flags) -> Iterator[str]:
    """Distances from samples of `gan_3d_mmmm` to training models, beside those of held-out ones."""
    from tfgan_zoo import pictures
    from tfgan_zoo.run.folder import Run

    entries = {"data.source": given.mmmm, "data.split": _TRAINED}
    model, workdir = common.trained(given, "gan_3d_mmmm", "gan_3d_mmmm", entries)
    config = Run.open(workdir).config()
    training, held_out = (models_of(config, split) for split in (_TRAINED, _HELD_OUT))
    mirror = config["data"]["flip"]
    samples = model.generate(len(training), seed=1)
    path = Path(given.mmmm_sheet or Path(given.workdir) / "mmmm.png")
    pictures.save_png(path, nearest_sheet(samples[:_SHOWN], training, mirror))
    yield f"{len(training):,} training models (`{_TRAINED}`), {len(held_out):,} held out"
    yield f"(`{_HELD_OUT}`), {len(samples):,} samples; {model.steps_done:,} steps,"
    yield f"{common.minutes(workdir):.1f} minutes, {common.speed(workdir):,.0f} objects/s;"
    yield f"{common.where()}."
    yield ""
    yield from memory_table(training, held_out, samples, mirror)


def models_of(config: Mapping[str, Any], split: str) -> np.ndarray:
    """Returns those models of a split that a run can use, as it sees them, uint8.

    Args:
        config: The run's config.
        split: A split of its source.
    """
    from ml_collections import ConfigDict

    from tfgan_zoo import data
    from tfgan_zoo.tasks.images import open_images

    config = ConfigDict(config, convert_dict=True)
    options = {"data_dir": config.data.data_dir, "on_error": config.data.on_error}
    source = open_images(config, config.data.source, split, **options)
    *side, channels = config.model_args.image_shape
    fitting = data.fit_for(source, image_size=side, channels=channels, fit=config.data.fit)
    return data.load_images(source, fitting)


class Nearest(NamedTuple):
    """The nearest object of each.

    Attributes:
        index: Its index, `[N]`.
        distance: 1 - IoU, `[N]`.
        mirrored: Whether it is the mirrored object, `[N]`.
    """

    index: np.ndarray
    distance: np.ndarray
    mirrored: np.ndarray


def nearest(
    voxels: np.ndarray, known: np.ndarray, mirror: bool = False, others: bool = False
) -> Nearest:
    """Returns the nearest known object of each, by IoU.

    Args:
        voxels: Floats in [-1, 1] or uint8, `[N, D, H, W, C]`.
        known: The same, `[M, D, H, W, C]`.
        mirror: Whether known objects that are mirrored left to right count, too.
        others: Whether the two are the same, and each object's own place does not count.
    """
    from tfgan_zoo.pictures.voxels import full_voxels

    a, b = full_voxels(voxels), full_voxels(known)
    ways = [_distances(a, b)] + [_distances(a, b[..., ::-1])] * mirror
    found = np.stack(ways, axis=1)  # [N, ways, M]
    if others:
        found[np.arange(len(a)), :, np.arange(len(a))] = np.inf
    flat = found.reshape(len(a), -1)
    best = flat.argmin(axis=1)
    return Nearest(best % len(b), flat[np.arange(len(a)), best], best >= len(b))


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns 1 - IoU of all pairs, `[N, M]`; that of two empty objects is 1."""
    a, b = (x.reshape(len(x), -1).astype(np.float32) for x in (a, b))
    both = a @ b.T
    either = a.sum(1)[:, np.newaxis] + b.sum(1) - both
    return 1 - both / np.maximum(either, 1)


def memory_table(
    training: np.ndarray, held_out: np.ndarray, samples: np.ndarray, mirror: bool
) -> Iterator[str]:
    """Yields the lines of a table: how far objects are from the nearest ones.

    Args:
        training: What a model was trained on.
        held_out: Data that it was not trained on.
        samples: Its samples.
        mirror: Whether mirrored objects count as the same.
    """
    rows = {
        "sample | training model": nearest(samples, training, mirror),
        "held-out model | training model": nearest(held_out, training, mirror),
        "training model | other training model": nearest(training, training, mirror, others=True),
        "held-out model | sample": nearest(held_out, samples, mirror),
        "training model | sample": nearest(training, samples, mirror),
    }
    yield "| from each | to the nearest | number | mean 1 - IoU | median | copies |"
    yield f"|{'---|' * 6}"
    for name, (_, distance, _) in rows.items():
        copies = np.mean(distance < _COPY)
        cells = f"{distance.mean():.3f} | {np.median(distance):.3f} | {copies:.3f}"
        yield f"| {name} | {len(distance):,} | {cells} |"


def nearest_sheet(samples: np.ndarray, training: np.ndarray, mirror: bool) -> np.ndarray:
    """Draws samples, each above its nearest training model and their IoU.

    Args:
        samples: The samples.
        training: The training models.
        mirror: See `memory_table`.
    """
    from tfgan_zoo import pictures

    index, distance, mirrored = nearest(samples, training, mirror)
    known = training[index]
    known = np.where(mirrored[:, None, None, None, None], known[:, :, :, ::-1], known)
    drawn = [pictures.draw_voxels(each, size=_SIZE) for each in (samples, known)]
    labels = [f"IoU {1 - each:.2f}" for each in distance]
    return pictures.labelled_grid(labels, np.concatenate(drawn, axis=1), columns=8)


def main(argv: list[str]) -> None:
    """Trains the models and writes the tables and sheets."""
    parts = {"solids": solids, "probe": probe, "mmmm": mmmm}
    given = cli.Flags()
    given.define_list("parts", list(parts), "Parts.")
    given.define_path("workdir", "runs", "Folder of the run folders and sheets.")
    given.define_string("mmmm", "npz:mmmm_32.npz", "Source of the small models, for mmmm.")
    given.define_integer("steps", None, "Steps of each recipe; its own by default.")
    given.define_integer("num", 1000, "Samples to score, for solids.")
    given.define_list("labels", ["60", "600", "6000"], "Labels to learn from, for probe.")
    given.define_bool("unlabelled", "Also train gan_3d without labels, for probe.")
    given.define_path("sheet", None, "A PNG file of samples, for solids.")
    given.define_path("mmmm_sheet", None, "A PNG file of samples and nearest models, for mmmm.")
    given.define_path("output", None, "A Markdown file, such as docs/results.md.")
    cli.parse(given, argv, __doc__)
    cli.quiet_tensorflow(lambda: None)  # Leaves GPUs to the trainings.
    Path(given.workdir).mkdir(parents=True, exist_ok=True)
    common.write_parts(parts, given, "voxels")


if __name__ == "__main__":
    cli.run(main)
