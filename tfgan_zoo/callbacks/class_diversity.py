"""How much a conditional model's samples of one class differ, beside the data's of that class."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

#: Training samples to look through, and what is taken of them at most: samples of a class, and
#: classes. Classes with fewer samples than the least are not checked.
SEEN, EACH, LEAST, CLASSES = 1024, 8, 4, 48


class ClassSamples(NamedTuple):
    """Training samples of some classes, sorted by class.

    Attributes:
        batch: Their parts, as in a batch for `fit`.
        labels: Their class numbers, shape (B,).
    """

    batch: Any
    labels: np.ndarray


def class_samples(batches: Iterable[Any], model: Any) -> ClassSamples | None:
    """Returns a few samples of each class.

    Args:
        batches: Batches of data for `fit`; only the first ones are used.
        model: A model that is conditional on classes.

    Returns:
        The samples; None if no class has enough of them.
    """
    position = model.condition.index("label")
    rows: dict[int, list[Any]] = {}
    seen = 0
    for batch in batches:
        labels = np.asarray(model.real(batch, training=False)[1][position])
        batch = tf.nest.map_structure(np.asarray, batch)
        for i, label in enumerate(labels.tolist()):
            if label not in rows and len(rows) == CLASSES:
                continue
            of_class = rows.setdefault(label, [])
            if len(of_class) < EACH:
                of_class.append(tf.nest.map_structure(lambda x, i=i: x[i], batch))
        seen += len(labels)
        full = len(rows) == CLASSES and all(len(each) == EACH for each in rows.values())
        if seen >= SEEN or full:
            break
    chosen = {label: each for label, each in sorted(rows.items()) if len(each) >= LEAST}
    if not chosen:
        return None
    samples = [sample for each in chosen.values() for sample in each]
    stacked = tf.nest.map_structure(lambda *parts: np.stack(parts), *samples)
    return ClassSamples(stacked, np.repeat(list(chosen), [len(e) for e in chosen.values()]))


def class_diversity(model: Any, samples: ClassSamples) -> dict[int, float]:
    """Returns how much generated images of each class differ, as a share of what real ones do.

    Args:
        model: A model that is conditional on classes, in a fixed random phase.
        samples: Samples of the classes. For each, an image of its class is generated.
    """
    real, given = model.real(samples.batch, training=False)
    made = model.fakes("latents", real, given, training=False)
    shares = {}
    for label in np.unique(samples.labels):
        rows = samples.labels == label
        usual = spread(tf.boolean_mask(real, rows))
        if usual > 0:
            shares[int(label)] = spread(tf.boolean_mask(made, rows)) / usual
    return shares


def spread(images: tf.Tensor) -> float:
    """Returns how much the images of a batch differ: root of the mean variance of a pixel."""
    return float(tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(images, axis=0))))


def listed(names: Sequence[str], most: int = 3) -> str:
    """Joins names, and counts those that are too many.

    Example:
        >>> listed(["cat", "dog"]), listed(["cat", "dog", "eel", "fox", "owl"])
        ('cat and dog', 'cat, dog, eel and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
