"""CAS on images whose classes are easy to see."""

import numpy as np
import pytest

from benchmarks.classification_accuracy import LabelledImages, Sets, accuracy, open_sets, table
from tests.tasks.conditional import untrained
from tests.tasks.test_conditional import NAMES, config_of
from tests.tiny_runs import tiny_config
from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError


def test_a_runs_samples_have_the_labels_of_its_training_images(tmp_path):
    model, run = untrained(config_of(tmp_path), tmp_path / "run")
    sets = open_sets(str(run), 100, "train[:12]", "0")
    assert (sets.names, sets.step, sets.is_figures) == (NAMES, 0, False)
    for images in (sets.real, sets.test):
        np.testing.assert_array_equal(images.images[:, 0, 0, 0] // 100, images.labels)
    assert (len(sets.real.labels), len(sets.test.labels)) == (30, 12)
    np.testing.assert_array_equal(sets.samples.labels, sets.real.labels)
    latents = model.sample_latents(30)
    expected = pictures.to_uint8(model.generate(latents=latents, label=sets.real.labels))
    np.testing.assert_array_equal(sets.samples.images, expected)
    _, plain = untrained(tiny_config(tmp_path), tmp_path / "plain")
    with pytest.raises(InputError, match=r"^--workdir: expected a run whose model is asked for cl"):
        open_sets(str(plain), 10, "train", "0")


@pytest.mark.slow
def test_a_classifier_learns_from_right_samples_alone():
    random = np.random.default_rng(0)

    def drawn(num):
        labels = np.arange(num) % 3
        images = random.integers(0, 60, (num, 16, 16, 3)) + 90 * labels[:, None, None, None]
        return LabelledImages(images.astype(np.uint8), labels)

    real = drawn(256)
    sets = Sets(NAMES, real, real, drawn(90), 7, False)
    share, shares = accuracy(sets, real, 12)
    assert share > 0.9
    assert share == pytest.approx(np.mean(list(shares.values())))
    # A control: the same images with labels at random.
    wrong, _ = accuracy(sets, LabelledImages(real.images, random.permutation(real.labels)), 12)
    assert wrong < 0.7
    assert table(sets, {"real images": (0.5, {"cat": 0.75, "dog": 0.25})}).splitlines()[-1] == (
        "| real images | 0.5000 | dog, 0.2500 |"
    )
