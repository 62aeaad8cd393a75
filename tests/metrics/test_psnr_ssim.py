import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.data import imresize
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.psnr import luma, psnr
from tfgan_zoo.metrics.ssim import ms_ssim, ssim, ssim_daala
from tfgan_zoo.metrics.streamed import PSNR, SSIM, SSIMDaala
from tfgan_zoo.pictures import from_uint8

ALL = (psnr, ssim, ssim_daala)


def scene(height=48, width=40, channels=3):
    """Waves of several lengths and an edge, the same on every machine."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (2 + c)) * np.cos(y / (3 + c)) + (x + y > 40) for c in range(channels)]
    return np.rint(np.stack(waves, -1) * 60 + 90).astype(np.uint8)


def enlarged(image):
    return imresize(imresize(image, 0.25), 4)


# From when these functions gave the published rows of Set5 and Set14.
@pytest.mark.parametrize(
    ("channels", "options", "values"),
    [
        (3, {}, [31.68573, 0.92398, 0.99794]),
        (3, {"channel": "rgb"}, [28.90317, 0.90495, 0.99529]),
        (1, {}, [26.51897, 0.87173, 0.99169]),
        (3, {"border": 0}, [31.48283, 0.93198, 0.98811]),
    ],
)
def test_stored_values(channels, options, values):
    image = scene(channels=channels)
    scores = [metric(enlarged(image), image, **options) for metric in ALL]
    np.testing.assert_allclose(scores, values, rtol=0, atol=2e-5)


def test_psnr_by_hand():
    black = np.zeros((12, 10, 1), np.uint8)
    assert psnr(black + 255, black) == 0
    assert psnr(black + 51, black) == pytest.approx(20 * math.log10(5))
    one = black.copy()
    one[6, 5] = 255
    assert psnr(one, black, border=4) == pytest.approx(10 * math.log10(4 * 2))
    assert psnr(one, black, border=0) == pytest.approx(10 * math.log10(12 * 10))


def test_luma_by_hand():
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0], [255, 255, 255]])
    np.testing.assert_allclose(luma(colours)[:, 0], [81.481, 144.553, 40.966, 16, 235])
    red, black = (np.full((16, 16, 3), c, np.uint8) for c in ([255, 0, 0], [0, 0, 0]))
    assert psnr(red, black) == pytest.approx(20 * math.log10(255 / 65.481))
    assert psnr(red, black, channel="rgb") == pytest.approx(10 * math.log10(3))


def test_grey_is_scored_as_it_is():
    grey = scene(channels=1)
    colour = np.repeat(grey, 3, -1)
    small, large = enlarged(grey), enlarged(colour)
    assert psnr(small, grey) == psnr(large, colour, channel="rgb")
    # Luma has 219 steps for 255 of grey.
    assert psnr(large, colour) - psnr(small, grey) == pytest.approx(20 * math.log10(255 / 219))


def test_equal_images():
    image = scene()
    assert psnr(image, image) == math.inf
    for metric in (ssim, ssim_daala):
        for channel in ("y", "rgb"):
            assert metric(image, image, channel=channel) == pytest.approx(1, abs=1e-12)


def test_the_border_does_not_count():
    image = scene()
    other = image.copy()
    other[:4] = other[-4:] = 0
    other[:, :4] = other[:, -4:] = 255
    assert psnr(other, image) == math.inf
    assert ssim(other, image) == pytest.approx(1)
    assert ssim_daala(other, image) == pytest.approx(1)
    for metric in ALL:
        assert metric(other, image, border=3) < 1 + 30 * (metric is psnr)


@pytest.mark.parametrize("metric", ALL)
def test_order_does_not_matter_and_worse_is_less(metric):
    image = scene()
    good, bad = enlarged(image), imresize(imresize(image, 0.25), 4, kernel="nearest")
    assert metric(good, image) == pytest.approx(metric(image, good), rel=1e-12)
    assert metric(bad, image) < metric(good, image)


def test_ssim_of_two_constants():
    a, b = (np.full((20, 20, 1), value, np.uint8) for value in (100, 120))
    c1 = 6.5025
    expected = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)
    assert ssim(a, b, border=0) == pytest.approx(expected, abs=1e-9)
    assert ssim_daala(a, b, border=0) == pytest.approx(expected, abs=1e-9)


def plain_ssim(a, b, window, offset):
    """SSIM place by place; `window` may reach over the edges, where it is cut."""
    total, weights = 0.0, 0.0
    height, width = a.shape
    for y in range(offset, height - offset):
        for x in range(offset, width - offset):
            reach = len(window) // 2
            rows = range(max(0, y - reach), min(height, y + reach + 1))
            columns = range(max(0, x - reach), min(width, x + reach + 1))
            w = np.outer(
                window[[r - y + reach for r in rows]], window[[c - x + reach for c in columns]]
            )
            share = w.sum()
            p, q = (i[np.ix_(rows, columns)].astype(float) for i in (a, b))
            mean = [float((w * v).sum() / share) for v in (p, q, p * p, q * q, p * q)]
            mx, my, xx, yy, xy = mean
            value = (2 * mx * my + 6.5025) / (mx**2 + my**2 + 6.5025)
            value *= (2 * (xy - mx * my) + 58.5225) / (xx - mx**2 + yy - my**2 + 58.5225)
            total, weights = total + share * value, weights + share
    return total / weights


def test_ssim_place_by_place():
    image = scene(20, 72, channels=1)
    window = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    window /= window.sum()
    expected = plain_ssim(enlarged(image)[..., 0], image[..., 0], window, 5)
    assert ssim(enlarged(image), image, border=0) == pytest.approx(expected, abs=1e-12)


def test_daala_place_by_place():
    # Height 64: sigma 0.375. 256 N(0; 0.375) = 272.34, 7.78 beside it, 0.0002 beyond.
    image = scene(64, 24, channels=1)
    expected = plain_ssim(enlarged(image)[..., 0], image[..., 0], np.array([8, 240, 8]), 0)
    assert ssim_daala(enlarged(image), image, border=0) == pytest.approx(expected, abs=1e-12)
    # Height 256: sigma 1.5. The exponentials are below half at a distance of 5.
    image = scene(256, 12, channels=1)
    window = np.array([2, 9, 28, 55, 68, 55, 28, 9, 2])
    expected = plain_ssim(enlarged(image)[..., 0], image[..., 0], window, 0)
    assert ssim_daala(enlarged(image), image, border=0) == pytest.approx(expected, abs=1e-12)


def test_daala_of_a_low_image_has_no_neighbours():
    image = scene(16, 16, channels=1)
    expected = plain_ssim(enlarged(image)[..., 0], image[..., 0], np.array([256]), 0)
    assert ssim_daala(enlarged(image), image, border=0) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("image", "reference", "options", "sentence"),
    [
        ((16, 16, 3), (16, 20, 3), {}, r"reference's shape, \(16, 20, 3\), got \(16, 16, 3\)"),
        ((16, 16, 1), (16, 16, 3), {}, r"reference's shape, \(16, 16, 3\), got \(16, 16, 1\)"),
        ((16, 16), (16, 16), {}, "image: expected uint8 of shape"),
        ((16, 16, 3), (16, 16, 3), {"channel": "Y"}, "channel: expected y or rgb, got 'Y'"),
        ((16, 16, 3), (16, 16, 3), {"border": 8}, "less than half of 16x16 pixels, got 8"),
        ((16, 16, 3), (16, 16, 3), {"border": -1}, "from 0 up, got -1"),
    ],
)
def test_errors(metric, image, reference, options, sentence):
    with pytest.raises(InputError, match=sentence):
        metric(np.zeros(image, np.uint8), np.zeros(reference, np.uint8), **options)


def test_floats_are_refused():
    with pytest.raises(InputError, match=r"got float32 .* see pictures.to_uint8"):
        psnr(np.zeros((16, 16, 3), np.float32), np.zeros((16, 16, 3), np.uint8))


def test_ssim_needs_a_window():
    small = np.zeros((18, 30, 1), np.uint8)
    with pytest.raises(InputError, match="11x11 pixels or more inside border=4, got 22x10"):
        ssim(small, small)


@pytest.mark.parametrize(("metric", "score"), [(PSNR, psnr), (SSIM, ssim), (SSIMDaala, ssim_daala)])
def test_streamed(metric, score):
    references = np.stack([scene(), 255 - scene(), scene() // 2])
    images = np.stack([enlarged(image) for image in references])
    scores = [score(*pair, 2, "rgb") for pair in zip(images, references, strict=True)]
    streamed = metric(border=2, channel="rgb")
    assert streamed.name == score.__name__
    streamed.update_state(references[:2], images[:2])
    streamed.update_state(from_uint8(references[2:]), from_uint8(images[2:]))
    assert float(streamed.result()) == pytest.approx(np.mean(scores), rel=1e-6)
    streamed.reset_state()
    # In a graph, with weights, and after a round trip through its config.
    streamed = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(streamed))
    weighted = tf.function(lambda w: streamed.update_state(references, images, w), autograph=False)
    weighted(tf.constant([1.0, 0.0, 3.0]))
    expected = (scores[0] + 3 * scores[2]) / 4
    assert float(streamed.result()) == pytest.approx(expected, rel=1e-6)


def test_streamed_in_keras():
    images = from_uint8(np.stack([scene(), 255 - scene()]))
    model = keras.Sequential([keras.Input((48, 40, 3)), keras.layers.Rescaling(0.5)])
    model.compile(loss="mse", metrics=[PSNR(), SSIM()])
    results = model.evaluate(images, images, verbose=0, return_dict=True)
    halved = np.clip(np.rint((images / 2 + 1) * 127.5), 0, 255).astype(np.uint8)
    bytes_ = np.stack([scene(), 255 - scene()])
    for name, score in (("psnr", psnr), ("ssim", ssim)):
        expected = np.mean([score(*pair) for pair in zip(halved, bytes_, strict=True)])
        assert results[name] == pytest.approx(expected, rel=1e-3)


def test_streamed_of_what_is_no_image():
    images = from_uint8(np.stack([scene(), 255 - scene()]))
    lost = images.copy()
    lost[1, 3, 4, 0] = np.nan
    metric = PSNR()
    metric.update_state(images[:1], lost[:1] / 2)
    first = float(metric.result())
    metric.update_state(images, lost / 2)
    assert np.isfinite(first)
    assert np.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state(images, lost, [1, 0])  # not looked at, but there
    assert np.isnan(float(metric.result()))
    for pair, sentence in (
        ((lost, images), "images: expected finite numbers, got 1 that are not"),
        ((images, scene()[np.newaxis].repeat(2, 0) / np.float32(1)), "got 30 to 210; give"),
    ):
        with pytest.raises(InputError, match=sentence):
            metric.update_state(*pair)


@pytest.mark.parametrize("size", [(176, 208), (191, 233)])
def test_ms_ssim_is_tensorflows(size):
    tf = pytest.importorskip("tensorflow")
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (*size, 1), np.uint8)
    other = np.clip(image + random.normal(0, 20, image.shape), 0, 255).astype(np.uint8)
    expected = float(tf.image.ssim_multiscale(other, image, 255))
    assert ms_ssim(other, image, border=0) == pytest.approx(expected, abs=2e-4)
    assert ms_ssim(image, image, border=0) == pytest.approx(1)
    assert ms_ssim(255 - image, image, border=0) == 0
    with pytest.raises(InputError, match="161x161 pixels or more inside border=4"):
        ms_ssim(image[:168], other[:168])
