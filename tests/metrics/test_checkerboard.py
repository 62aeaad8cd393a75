"""The grid of upsampling layers: direct sums, and what raises it or does not."""

import functools

import numpy as np
import pytest

from tfgan_zoo.data import imresize
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import score_images
from tfgan_zoo.metrics.checkerboard import checkerboard
from tfgan_zoo.metrics.psnr import luma


def clouds(seed=0, side=160, channels=1):
    """Noise whose amplitudes fall with frequency as those of photographs do."""
    random = np.random.default_rng(seed)
    y, x = np.meshgrid(*(np.fft.fftfreq(side),) * 2, indexing="ij")
    falls = 1 / np.maximum(np.hypot(x, y), 1 / side)
    planes = [
        np.real(np.fft.ifft2(np.fft.fft2(random.normal(size=(side, side))) * falls))
        for _ in range(channels)
    ]
    image = np.stack(planes, -1)
    return as_bytes(128 + 40 * image / image.std())


def as_bytes(image):
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def score(image, **options):
    return checkerboard(image, image, **options)


def mean_score(images, **options):
    return np.mean([score(each, **options) for each in images])


def by_direct_sums(plane, period, side):
    """The docstring's formula, with a sum over pixels for each frequency."""
    positions = np.arange(side)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * positions / side)
    window = np.outer(window, window)
    starts = [range(0, n - side + 1, side // 2) for n in plane.shape]

    def energy(f, g):
        waves = np.outer(
            np.exp(-2j * np.pi * f * positions / side), np.exp(-2j * np.pi * g * positions / side)
        )
        found = [
            abs(np.sum(window * plane[y : y + side, x : x + side] * waves)) ** 2
            for y in starts[0]
            for x in starts[1]
        ]
        return np.mean(found) + np.sum(window**2) / 12

    ratios = []
    for i, j in np.ndindex(period, period):
        f, g = i * side // period, j * side // period
        away = (-5, -4, -3, 3, 4, 5)
        near = [energy(f + d, g) for d in away if i] + [energy(f, g + d) for d in away if j]
        if near:
            ratios.append(energy(f, g) / np.mean(near))
    return 10 * np.log10(np.mean(ratios))


@pytest.mark.parametrize(
    ("size", "period", "side"), [((76, 112), 4, 64), ((48, 43), 4, 32), ((40, 60), 2, 32)]
)
def test_the_formula(size, period, side):
    image = clouds(side=112)[: size[0], : size[1]]
    inside = image[4:-4, 4:-4, 0].astype(float)
    expected = by_direct_sums(inside, period, side)
    assert score(image, period=period) == pytest.approx(expected, abs=1e-6)
    # The control: of another period it is another number.
    assert abs(score(image, period=3) - expected) > 0.01


def test_a_sinusoid_by_hand():
    """Amplitude 20 at (0, 1/4): two of the fifteen frequencies have all its energy."""
    x = np.arange(72)
    image = np.broadcast_to(100 + 20 * np.cos(2 * np.pi * x / 4), (72, 72))[..., None]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(64) / 64)
    peak = (20 / 2 * window.sum() ** 2) ** 2
    rounding = np.sum(np.outer(window, window) ** 2) / 12
    expected = 10 * np.log10((2 * (peak + rounding) / rounding + 13) / 15)
    assert score(as_bytes(image)) == pytest.approx(expected, abs=1e-6)


def test_luma_and_channels():
    image = clouds(channels=3)
    grey = luma(image)
    inside = grey[4:-4, 4:-4, 0]
    expected = by_direct_sums(inside, 4, 64)
    assert score(image) == pytest.approx(expected, abs=1e-6)
    assert score(image, channel="rgb") != pytest.approx(expected, abs=1e-3)
    one = np.repeat(image[..., :1], 3, -1)
    assert score(one, channel="rgb") == pytest.approx(score(image[..., :1]), abs=1e-9)


def transposed(small, spread):
    """Enlarges by four; the 16 phases of the kernel have sums that differ by `spread`."""
    large = imresize(small, 4).astype(float)
    phases = 1 + spread * np.random.default_rng(5).normal(size=(4, 4, 1))
    return as_bytes(large * np.tile(phases, (*small.shape[:2], 1)))


def test_a_grid_raises_it_and_interpolation_does_not():
    originals = [clouds(seed) for seed in range(4)]
    smalls = [imresize(each, 0.25) for each in originals]
    natural = mean_score(originals)
    assert abs(natural) < 2
    bicubic = mean_score([imresize(small, 4) for small in smalls])
    assert bicubic < natural
    nearest = mean_score([imresize(small, 4, kernel="nearest") for small in smalls])
    assert nearest < natural
    even = mean_score([transposed(small, 0) for small in smalls])
    assert even == pytest.approx(bicubic)
    # A hundredth of brightness, hardly visible, and three hundredths.
    assert mean_score([transposed(small, 0.01) for small in smalls]) > bicubic + 10
    assert mean_score([transposed(small, 0.03) for small in smalls]) > natural + 10


def test_a_grid_in_a_photograph_like_image_wherever_it_begins():
    image = clouds().astype(float)
    pattern = np.zeros((160, 160, 1))
    pattern[::4, ::4] = 12
    grids = [as_bytes(image + np.roll(pattern, shift, (0, 1))) for shift in ((0, 0), (1, 3))]
    found = [score(each) for each in grids]
    assert min(found) > score(as_bytes(image)) + 5
    assert found[0] == pytest.approx(found[1], abs=1)
    # Controls: as much energy in another period, or nowhere in particular.
    other = np.zeros((160, 160, 1))
    other[::5, ::5] = 15
    assert score(as_bytes(image + other)) < 2
    assert score(as_bytes(image + other), period=5) > 5
    noise = np.random.default_rng(1).permutation(pattern.ravel()).reshape(pattern.shape)
    assert score(as_bytes(image + noise)) < 2


def test_stripes_are_a_grid_in_either_direction():
    image = clouds().astype(float)
    stripes = np.zeros((160, 160, 1))
    stripes[::2] = 6
    across = score(as_bytes(image + stripes))
    along = score(as_bytes(image + stripes.transpose(1, 0, 2)))
    assert min(across, along) > score(as_bytes(image)) + 5


def test_the_border_and_the_reference_do_not_count():
    image = clouds()
    framed = image.copy()
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 0, 255, 0, 255
    assert score(framed) == score(image)
    assert checkerboard(image, 255 - image) == score(image)


def test_beside_other_scores():
    image = clouds()
    images = [("a", image, image)]
    scores = score_images(images, ["psnr", "checkerboard"]).means()
    assert scores["checkerboard"] == score(image)
    of_two = {"checkerboard": functools.partial(checkerboard, period=2)}
    scores = score_images(images, ["checkerboard"], also=of_two).means()
    assert scores["checkerboard"] == score(image, period=2)


@pytest.mark.parametrize(
    ("side", "options", "match"),
    [
        (39, {}, "image: expected 32x32 pixels or more inside border=4 .*4 pixels, got 31x31"),
        (64, {"period": 1}, "period: expected a whole number from 2 up, got 1"),
        (64, {"period": 2.0}, "period: .*got 2.0"),
        (64, {"channel": "u"}, "channel: expected y or rgb"),
        (64, {"border": 40}, "border: "),
    ],
)
def test_errors(side, options, match):
    with pytest.raises(InputError, match=match):
        score(np.zeros((side, side, 3), np.uint8), **options)
