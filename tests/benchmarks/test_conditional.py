"""Scores of samples that were asked for as classes, on figures drawn by hand, and the controls."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import obedience
from tfgan_zoo import data as data_lib
from tfgan_zoo import networks
from tfgan_zoo.data import figures
from tfgan_zoo.metrics.figures import figure_scores
from tfgan_zoo.models import DCGAN

NUM = 192


@pytest.fixture(scope="module")
def drawn():
    """Returns figures of all classes, four of each."""
    labels = obedience.asked(NUM)
    shape, colour = np.divmod(labels, len(figures.COLOURS))
    return dataclasses.replace(figures.attributes(num=NUM), shape=shape, colour=colour)


@pytest.fixture(scope="module")
def of_data(drawn):
    return obedience.spreads(figures.render(drawn), drawn.label)


@pytest.mark.slow
def test_figures_as_asked_obey_and_spread_like_the_data(drawn, of_data):
    images = figures.render(drawn)
    labels = obedience.asked(NUM)
    scores = obedience.score(images, labels, of_data)
    assert scores == (1.0, 1.0, 48, 1.0, 1.0)
    # Independent arithmetic: what was drawn, not what is read.
    expected = [
        np.sqrt(np.mean([values[labels == i].var(ddof=1) for values in each for i in range(48)]))
        for each in ((drawn.x, drawn.y), (drawn.radius,))
    ]
    np.testing.assert_allclose(of_data, expected, rtol=0.05)
    # The same labels on other samples: one in 48 is right by chance.
    shuffled = np.random.default_rng(0).permutation(labels)
    control = obedience.score(images, shuffled, of_data)
    assert control.obedience == np.mean(shuffled == labels) < 0.08
    assert (control.validity, control.modes) == (1.0, 48)
    assert not obedience.failures({"shuffled": control}, {"data": scores})
    assert obedience.failures({"data": scores}, {"shuffled": control}) == [
        "data: expected an obedience of about 1/48, got 1.000.",
        f"shuffled: expected an obedience above 0.15, got {control.obedience:.3f}.",
    ]


@pytest.mark.slow
def test_half_the_deviations_are_half_the_spread_and_copies_have_none(drawn, of_data):
    middle = {"x": 0.5, "y": 0.5, "radius": 0.34}

    def nearer(share):
        moved = {key: to + share * (getattr(drawn, key) - to) for key, to in middle.items()}
        return figures.render(dataclasses.replace(drawn, **moved))

    labels = obedience.asked(NUM)
    *_, place, size = obedience.score(nearer(0.5), labels, of_data)
    np.testing.assert_allclose([place, size], 0.5, atol=0.05)
    copies = obedience.score(nearer(0.0), labels, of_data)
    np.testing.assert_allclose(copies[-2:], 0.0, atol=1e-3)
    assert copies[:3] == (1.0, 1.0, 48)


def test_samples_that_are_no_figures_have_a_dash(of_data):
    noise = np.random.default_rng(0).integers(0, 256, (48, 32, 32, 3)).astype(np.uint8)
    scores = obedience.score(noise, obedience.asked(48), of_data)
    assert obedience.cells(scores) == "0.000 | — | 0 | — | —"
    assert obedience.right(scores) == 0.0
    assert len(obedience.failures({"noise": scores}, {"noise": scores})) == 1
    assert obedience.cells(obedience.Scores(0.9, 0.5, 48, 1.0, 0.125)) == (
        "0.900 | 0.500 | 48 | 1.00 | 0.12"
    )


def test_one_sample_of_a_class_has_no_spread(drawn):
    images, labels = figures.render(drawn[:48]), obedience.asked(48)
    assert np.isnan(obedience.spreads(images, labels)).all()


def test_a_discriminator_that_is_not_told_ignores_the_label():
    judge = obedience.untold_discriminator((16, 16, 3), 48, filters=4)
    images = tf.random.stateless_normal((2, 16, 16, 3), (1, 2))
    one, other = (judge([images, tf.constant(labels)]).numpy() for labels in ([0, 1], [47, 3]))
    np.testing.assert_array_equal(one, other)
    assert one.shape == (2, 1)
    assert one[0] != one[1]


def test_mislabelled_figures_keep_the_frequencies_of_classes(tmp_path):
    source = obedience.mislabelled_figures(tmp_path / "deep" / "wrong.npz", NUM)
    with np.load(tmp_path / "deep" / "wrong.npz") as found:
        images, labels = found["image"], found["label"]
    expected = figures.load(num=NUM)
    np.testing.assert_array_equal(images, expected["image"])
    np.testing.assert_array_equal(np.bincount(labels), np.bincount(expected["label"]))
    assert figure_scores(images, wanted=labels)["obedience"] < 0.08
    opened = data_lib.open_source(source)
    np.testing.assert_array_equal(opened.labels, labels)


def test_pictures_have_a_row_for_each_truncation():
    generator = networks.mlp_generator((32, 32, 3), 4, 48, units=(8,))
    discriminator = networks.mlp_discriminator((32, 32, 3), 48, units=(4,), maxout_pieces=2)
    model = DCGAN(
        (32, 32, 3), 4, generator, discriminator, num_classes=48, latent_distribution="normal"
    )
    labels = obedience.asked(96)
    images = obedience.draw(model, labels)
    assert (images.dtype, images.shape) == (np.uint8, (96, 32, 32, 3))
    # Copies of a class at last, as its samples differ by z alone.
    alike = obedience.draw(model, labels, truncation=1e-6)
    np.testing.assert_array_equal(alike[:48], alike[48:])
    assert np.any(images[:48] != images[48:])
    picture = obedience.truncated_rows(model, (2.0, 0.5), each=2)
    height, width = 2 * (22 + 64), 8 * 64 + 7 * 2
    assert picture.shape == (height, width, 3)
