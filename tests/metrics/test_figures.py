import dataclasses
import functools
import math

import numpy as np
import pytest

from tests.marks import slow
from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import agreement, figure_scores, read, translation_scores

NAMES = ("shape", "colour", "fill", "background", "size", "place")


def soften(images, seed=0, sigma=8.0):
    """What a generator does to a figure: soft edges, noise and colours a little off."""
    padded = np.pad(images.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    n = images.shape[1]
    kernel = (0.25, 0.5, 0.25)
    rows = sum(k * padded[:, i : i + n] for i, k in enumerate(kernel))
    soft = sum(k * rows[:, :, i : i + n] for i, k in enumerate(kernel))
    rng = np.random.default_rng(seed)
    soft += rng.normal(0, sigma, soft.shape) + rng.normal(0, 8, (len(soft), 1, 1, 3))
    return to_uint8(soft)


def to_uint8(images):
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("view", "resolution", "num"),
    [("", 32, 1000), slow("full", 32, 1500), slow("", 64, 300), slow("full", 64, 300)],
)
def test_reads_rendered_figures(view, resolution, num):
    wanted = figures.attributes(view, "test", num)
    found = read(figures.render(wanted, resolution))
    for name in NAMES:
        right = getattr(found.attributes, name) == getattr(wanted, name)
        assert right.mean() >= 0.99, name
    for name in ("radius", "x", "y"):
        error = np.abs(getattr(found.attributes, name) - getattr(wanted, name))
        assert np.quantile(error, 0.99) < 0.005, name
    assert found.valid.mean() >= 0.99
    assert np.quantile(found.fit_error, 0.99) < 0.01


@pytest.mark.parametrize(("view", "resolution", "share"), [("", 32, 0.98), slow("full", 64, 0.9)])
def test_reads_through_blur_noise_and_shift(view, resolution, share):
    wanted = figures.attributes(view, "test", 300)
    found = read(soften(figures.render(wanted, resolution)))
    assert found.valid.mean() >= share
    for name in NAMES:
        assert (getattr(found.attributes, name) == getattr(wanted, name)).mean() >= 0.98, name


def test_reads_large_images():
    wanted = figures.attributes("full", "test", 40)
    found = read(figures.render(wanted, 256))
    assert found.valid.all()
    np.testing.assert_array_equal(found.attributes.label, wanted.label)
    np.testing.assert_array_equal(found.attributes.place, wanted.place)


CORRUPTED = (
    "blend of two shapes",
    "two figures",
    "two colours",
    "top of one shape, bottom of another",
    "blob",
    "noise",
    "blank",
    "blank with noise",
    "faint",
    "no colour of the palette",
    "gradient behind",
)


@functools.cache
def corrupted():
    """Images that a person would not call one clean figure of the data set."""
    num, resolution = 100, 32
    first = figures.attributes(num=num)
    second = dataclasses.replace(figures.attributes(num=num, start=num), colour=first.colour)
    first, second = (part[first.shape != second.shape] for part in (first, second))
    a = figures.render(first, resolution).astype(float)
    b = figures.render(second, resolution).astype(float)
    other = figures.render(dataclasses.replace(first, colour=(first.colour + 3) % 8), resolution)
    background = figures.BACKGROUND_RGB[0].astype(float)
    rng = np.random.default_rng(0)

    def shrunk(part, at):
        place = np.full(len(part), at)
        part = dataclasses.replace(part, radius=part.radius * 0.6, x=place, y=place)
        return figures.render(part, resolution).astype(float)

    two = shrunk(first, 0.27) + shrunk(second, 0.73) - background
    blurred = a
    for _ in range(20):
        blurred = soften(blurred, sigma=0) * 1.0
    brown = background + (a != background).any(-1, keepdims=True) * (
        np.array([150.0, 110, 100]) - background
    )
    left = np.arange(resolution)[:, None] < resolution // 2
    return {
        "blend of two shapes": 0.5 * a + 0.5 * b,
        "two figures": two,
        "two colours": np.where(left, a, other),
        "top of one shape, bottom of another": np.where(left[:, None], a, b),
        "blob": blurred,
        "noise": rng.uniform(0, 255, a.shape),
        "blank": np.broadcast_to(background, a.shape),
        "blank with noise": background + rng.normal(0, 8, a.shape),
        "faint": background + 0.5 * (a - background),
        "no colour of the palette": brown,
        "gradient behind": a + np.linspace(-60, 60, resolution)[:, None] * (a == background),
    }


@pytest.mark.parametrize("name", CORRUPTED)
def test_corrupted_figures_are_not_valid(name):
    assert corrupted().keys() == {*CORRUPTED}
    assert read(to_uint8(corrupted()[name])).valid.mean() <= 0.05


def test_scores_of_the_data_itself():
    scores = figure_scores(figures.load(split="test", num=960)["image"])
    assert scores["validity"] == 1.0
    assert scores["modes"] == 48.0
    assert scores["coverage"] == 1.0
    assert 0 < scores["reverse_kl"] < 0.05  # about 47 / 1920, from counting alone


def of_labels(labels):
    figure = figures.attributes(num=len(labels))
    return figures.render(dataclasses.replace(figure, shape=labels // 8, colour=labels % 8), 32)


def test_scores_by_hand():
    images = of_labels(np.repeat(np.arange(12), 3))
    scores = figure_scores(images)
    assert scores["modes"] == 12.0
    assert scores["coverage"] == 0.25
    assert scores["reverse_kl"] == pytest.approx(math.log(4))

    # Three of one, one of another, and noise, which counts for validity alone.
    noise = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    scores = figure_scores(np.concatenate([of_labels(np.array([5, 5, 5, 30])), noise]))
    assert scores["validity"] == 0.5
    assert scores["coverage"] == pytest.approx(2 / 48)
    expected = 0.75 * math.log(0.75 * 48) + 0.25 * math.log(0.25 * 48)
    assert scores["reverse_kl"] == pytest.approx(expected)


@pytest.mark.slow
def test_a_view_allows_only_its_own_figures():
    images = figures.load("full", "test", resolution=64, num=300)["image"]
    assert figure_scores(images, "full")["validity"] >= 0.99
    drawn = figures.attributes("full", "test", 300)
    share = ((drawn.fill == 0) & (drawn.background == 0)).mean()
    assert figure_scores(images)["validity"] == pytest.approx(share, abs=0.01)


def test_nothing_valid():
    scores = figure_scores(np.zeros((3, 32, 32, 3), np.uint8))
    assert scores["validity"] == scores["modes"] == scores["coverage"] == 0.0
    assert math.isnan(scores["reverse_kl"])


def test_agreement():
    wanted = figures.attributes("captions", "test", 60)
    images = figures.render(wanted, 64)
    assert agreement(images, wanted) == dict.fromkeys((*NAMES, "all"), 1.0)
    asked = dataclasses.replace(wanted, colour=np.where(np.arange(60) < 15, 1, 0) ^ wanted.colour)
    found = agreement(images, asked)
    assert found["colour"] == found["all"] == 0.75
    assert found["shape"] == 1.0
    with pytest.raises(InputError, match="expected 5 images, got 60"):
        agreement(images, wanted[:5])


def test_errors():
    with pytest.raises(InputError, match=r"expected uint8 images, got float32"):
        read(np.zeros((1, 32, 32, 3), np.float32))
    for shape in ((32, 32, 3), (1, 32, 16, 3), (1, 32, 32, 1), (0, 32, 32, 3), (1, 8, 8, 3)):
        with pytest.raises(InputError, match="expected images of shape"):
            read(np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match="did you mean full"):
        figure_scores(np.zeros((1, 32, 32, 3), np.uint8), "ful")


def test_grey_outlines_are_read_where_they_are_wanted():
    a = figures.attributes("transfer", "test", 100, domain="a")
    b = figures.attributes("transfer", "test", 100, domain="b")
    wanted = figures.in_style_of(a, b)
    truth = figures.counterparts("test", num=100, view="transfer")["a_to_b"]
    assert set(translation_scores(truth, wanted).values()) == {1.0}
    noisy = truth + np.random.default_rng(0).normal(0, 8, truth.shape)
    scores = translation_scores(np.clip(noisy, 0, 255).astype(np.uint8), wanted)
    assert scores["all"] > 0.95
    # What has the shape and place alone, or the style alone.
    untouched = translation_scores(figures.render(a), wanted)
    assert (untouched["kept"], untouched["style"]) == (1.0, 0.0)
    coloured = translation_scores(figures.render(dataclasses.replace(a, fill=b.fill)), wanted)
    assert (coloured["kept"], coloured["fill"], coloured["style"]) == (1.0, 1.0, 0.0)
    others = translation_scores(figures.render(b), wanted)
    assert others["style"] == 1.0
    assert others["kept"] < 0.1
    # Elsewhere grey is no colour.
    assert not read(figures.render(b)).valid.any()
    assert read(figures.render(b), grey=True).valid.all()
