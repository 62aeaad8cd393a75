import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import MSSSIMDiversity, ms_ssim, ms_ssim_diversity, ssim
from tfgan_zoo.pictures import from_uint8


def scenes(num=4, side=32, channels=3):
    y, x = np.mgrid[:side, :side]
    waves = [
        np.stack([np.sin(x / (2 + i)) * np.cos(y / (3 + c)) for c in range(channels)], -1)
        for i in range(num)
    ]
    return np.rint(np.stack(waves) * 100 + 120).astype(np.uint8)


def test_collapse_scores_one_and_variety_less():
    images = scenes()
    assert ms_ssim_diversity(images[[2] * 5], pairs=10) == pytest.approx(1)
    value = ms_ssim_diversity(images, pairs=100)
    assert 0 < value < 0.8
    assert value == ms_ssim_diversity(images, pairs=100)
    assert ms_ssim_diversity(from_uint8(images), pairs=100) == value
    # Images of one class are the same.
    assert ms_ssim_diversity(images[[0, 1, 0, 1, 2]], [3, 4, 3, 4, 5], 20) == pytest.approx(1)


def test_a_pair_by_hand():
    a, b = scenes(2, 32, 1)
    value = ms_ssim_diversity(np.stack([a, b]), pairs=3)
    assert value == pytest.approx(ms_ssim(a, b, border=0, channel="rgb", scales=2))


def test_fewer_scales():
    a, b = scenes(2, 48, 1)
    one = ms_ssim(a, b, border=0, scales=1)
    assert one == pytest.approx(max(0, ssim(a, b, border=0)))
    with tf.device("CPU:0"):
        for scales, weights in ((2, (0.0448, 0.2856)), (3, (0.0448, 0.2856, 0.3001))):
            factors = tuple(weight / sum(weights) for weight in weights)
            expected = float(tf.image.ssim_multiscale(a, b, 255, power_factors=factors))
            found = ms_ssim(a, b, border=0, scales=scales)
            assert found == pytest.approx(expected, abs=2e-4)
    with pytest.raises(InputError, match="81x81 pixels or more inside border=0, for four scales"):
        ms_ssim(a, b, border=0, scales=4)
    with pytest.raises(InputError, match="scales: expected 1 to 5, got 6"):
        ms_ssim(a, b, scales=6)


def test_streamed():
    images = scenes(5)
    metric = MSSSIMDiversity()
    metric.update_state(None, images)  # The fifth has no partner.
    tf.function(metric.update_state, autograph=False)(None, from_uint8(images[:2]))
    pairs = [(0, 2), (1, 3), (0, 1)]
    expected = [ms_ssim(images[i], images[j], 0, "rgb", 2) for i, j in pairs]
    assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-6)
    assert metric.name == "ms_ssim_diversity"


def test_streamed_of_what_is_no_image():
    lost = from_uint8(scenes())
    lost[3, 0, 0] = np.inf
    metric = MSSSIMDiversity()
    metric.update_state(None, lost[:2])
    assert np.isfinite(float(metric.result()))
    metric.update_state(None, lost)
    assert np.isnan(float(metric.result()))
    with pytest.raises(InputError, match=r"expected finite numbers, got 3 that are not\."):
        ms_ssim_diversity(lost)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((np.zeros((1, 16, 16, 1)),), r"images: expected shape \(2 or more, h, w, 1 or 3\), got"),
        ((np.zeros((2, 16, 10, 1)),), "images: expected 11x11 pixels or more, got 10x16"),
        ((np.zeros((2, 16, 16, 1)), [0]), r"labels: expected the shape \(2,\), got \(1,\)"),
        ((np.zeros((2, 16, 16, 1)), [0, 1]), "labels: expected a class with two images or more"),
    ],
)
def test_errors(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        ms_ssim_diversity(*arguments)
