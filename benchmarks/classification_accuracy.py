"""Classification accuracy score: trains a classifier on a run's samples, and tests it on real data.

  python -m benchmarks.classification_accuracy --workdir=runs/dcgan_fashion_mnist

Ravuri and Vinyals 2019 (https://arxiv.org/abs/1905.10887): a classifier that was trained on nothing
but samples recognises real images as well as one that was trained on real images if the samples are
right and as varied as the data. The run's model is asked for classes; its samples have the labels
of --num of the run's training images, and the same classifier is also trained on these images. Both
take equally many steps from the same first weights. The classifier is the small network of
`benchmarks.train_features`, not the paper's ResNet-50, so compare only numbers from this command.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from absl import app, flags

from benchmarks import classifiers
from tfgan_zoo import cli

_WORKDIR = flags.DEFINE_string("workdir", None, "The run folder.", required=True)
_NUM = flags.DEFINE_integer("num", 10_000, "Training images of each kind.")
_EPOCHS = flags.DEFINE_integer("epochs", 10, "Passes over the training images.")
_SPLIT = flags.DEFINE_string("split", None, "Of the test images; evaluate.split, or test.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "best", "best, last, or a step.")


class LabelledImages(NamedTuple):
    """Images of known classes.

    Attributes:
        images: uint8 [N, H, W, C].
        labels: Class numbers, [N].
    """

    images: np.ndarray
    labels: np.ndarray


class Sets(NamedTuple):
    """What is trained and tested on.

    Attributes:
        names: Names of the classes, by number.
        real: Real training images.
        samples: As many samples.
        test: Real test images.
        step: The step of the checkpoint that made the samples.
        is_figures: Whether the images are drawn figures, which have no room to be shifted.
    """

    names: tuple[str, ...]
    real: LabelledImages
    samples: LabelledImages
    test: LabelledImages
    step: int
    is_figures: bool


def open_sets(workdir: str, num: int, split: str | None, checkpoint: str) -> Sets:
    """Opens a run's data, and draws its samples.

    Raises:
        InputError: If the run's model is not asked for classes, or the split is missing.
    """
    from ml_collections import ConfigDict

    from tfgan_zoo.errors import InputError
    from tfgan_zoo.pixels import to_uint8
    from tfgan_zoo.run import experiment
    from tfgan_zoo.run.evaluation import task_of_run
    from tfgan_zoo.run.folder import Run
    from tfgan_zoo.tasks import Request

    config = ConfigDict(Run.open(workdir).config(), convert_dict=True)
    model, task, data = experiment.load_run(workdir, checkpoint), task_of_run(workdir), config.data
    if "label" not in getattr(model, "condition", ()):
        raise InputError(f"--workdir: expected a run whose model is asked for classes: {workdir!r}")
    split = split or config.evaluate.get("split") or "test"
    seen = task.evaluation(model, config, Request(source=data.source, split=data.split, num=num))
    # As many samples as real images.
    num = min(num, seen.reference.num)
    seen = task.evaluation(model, config, Request(source=data.source, split=data.split, num=num))
    unseen = task.evaluation(model, config, Request(source=data.source, split=split))
    samples = np.concatenate([to_uint8(batch) for batch in seen.generated()])
    real, test = (np.concatenate(list(each.reference.batches())) for each in (seen, unseen))
    return Sets(
        seen.classes.names,
        LabelledImages(real, seen.classes.real),
        LabelledImages(samples, seen.classes.made),
        LabelledImages(test, unseen.classes.real),
        model.steps_done,
        data.source.startswith("figures"),
    )


def accuracy(sets: Sets, trained_on: LabelledImages, epochs: int) -> tuple[float, dict[str, float]]:
    """Trains a classifier, and returns its accuracy on the test images and on those of each class.

    Args:
        sets: The test images, and what they are.
        trained_on: Images to train on.
        epochs: Passes over them.
    """
    from tfgan_zoo.metrics.classes import share_right

    classifier = classifiers.train(
        *trained_on, len(sets.names), epochs, shift=not sets.is_figures, momentum=0.9
    )
    right = classifiers.predicted(classifier, sets.test.images) == sets.test.labels
    return share_right(right, sets.test.labels, sets.names)


def table(sets: Sets, found: Mapping[str, tuple[float, dict[str, float]]]) -> str:
    """Returns accuracies as a table."""
    lines = [
        f"| trained on {len(sets.real.labels):,} | accuracy on {len(sets.test.labels):,} real test "
        "images | of the worst class |",
        "|---|---|---|",
    ]
    for name, (share, shares) in found.items():
        worst = min(shares, key=lambda each: shares[each])
        lines.append(f"| {name} | {share:.4f} | {worst}, {shares[worst]:.4f} |")
    return "\n".join(lines)


def main(argv: list[str]) -> None:
    """Trains both classifiers and prints the table."""
    del argv
    cli.quiet_tensorflow()
    sets = open_sets(_WORKDIR.value, _NUM.value, _SPLIT.value, _CHECKPOINT.value)
    found = {}
    for name, images in (
        ("real images", sets.real),
        (f"samples of step {sets.step:,} (CAS)", sets.samples),
    ):
        print(name, flush=True)
        found[name] = accuracy(sets, images, _EPOCHS.value)
    print(f"\n{table(sets, found)}")


if __name__ == "__main__":
    app.run(main)
