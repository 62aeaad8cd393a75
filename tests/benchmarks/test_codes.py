"""What autoencoders are compared with, on data whose answers are known."""

import numpy as np
import pytest

from benchmarks import codes
from tfgan_zoo import losses, pictures
from tfgan_zoo.data import figures


def test_components_are_those_of_a_singular_value_decomposition():
    x = np.random.default_rng(0).normal(size=(50, 2, 3, 1)) * np.arange(1, 7).reshape(2, 3, 1) + 5
    flat = x.reshape(50, 6) - x.reshape(50, 6).mean(axis=0)
    u, s, v = np.linalg.svd(flat, full_matrices=False)
    found = codes.components(x, 4)
    for dim in (1, 4):
        expected = (u[:, :dim] * s[:dim]) @ v[:dim] + x.reshape(50, 6).mean(axis=0)
        np.testing.assert_allclose(
            found.first(dim).reconstruct(x).reshape(50, 6), expected, atol=1e-9
        )
    error = np.sum(s[2:] ** 2) / x.size / 4  # of values scaled to [0, 1]
    assert codes.mse(found.first(2).reconstruct(x), x) == pytest.approx(error)


def test_psnr_by_hand():
    black, other = -np.ones((2, 4, 4, 1)), -np.ones((2, 4, 4, 1))
    other[0] += 2  # off by the whole range: 0 dB
    other[1] += 0.2  # by a tenth of it: 20 dB
    assert codes.psnr(other, black) == pytest.approx(10)
    assert codes.mse(other, black) == pytest.approx((1 + 0.01) / 2)


def test_median_filter_by_hand():
    image = np.zeros((1, 3, 3, 2), "float32")
    image[0, 1, 1] = [9, 9]
    image[0, 0, :, 1] = 4
    found = codes.median_filtered(image, 3)[0]
    assert not found[..., 0].any()  # a single bright pixel goes
    # At the upper edge, which is repeated, six of nine values are 4.
    np.testing.assert_array_equal(found[..., 1], [[4, 4, 4], [0, 0, 0], [0, 0, 0]])


def test_the_best_median_depends_on_the_noise():
    x = pictures.from_uint8(figures.load(num=32)["image"])
    rng = np.random.default_rng(0)
    windows = []
    for share in (0.05, 0.6):
        noisy = np.where(rng.uniform(size=x.shape) < share, rng.choice([-1.0, 1.0], x.shape), x)
        window, made = codes.best_median(noisy, x)
        assert codes.psnr(made, x) > codes.psnr(noisy, x) + 3
        windows.append(window)
    assert windows == [3, 7]


class Drawer:
    """Codes are the attributes, with the colour as eight numbers; its decoder draws them."""

    latent_dim = 12

    def encode(self, images):
        found = codes.read(images).attributes
        colours = np.eye(8)[found.colour]
        others = np.stack([found.shape, found.radius, found.x, found.y], axis=1)
        return np.concatenate([colours, others], axis=1)

    def decode(self, vectors):
        zeros = np.zeros(len(vectors), np.int32)
        shape, radius, x, y = vectors[:, 8:].T
        figure = figures.Attributes(
            np.clip(np.round(shape), 0, 5).astype(np.int32),
            vectors[:, :8].argmax(axis=1).astype(np.int32),
            zeros,
            zeros,
            np.clip(radius, 0.2, 0.4),
            x,
            y,
        )
        return pictures.from_uint8(figures.render(figure))


class Pixels:
    """Codes are the pixels."""

    def encode(self, images):
        return pictures.from_uint8(images).reshape(len(images), -1)

    def decode(self, vectors):
        return np.clip(vectors, -1, 1).reshape(-1, 32, 32, 3)


@pytest.mark.slow
def test_arithmetic_on_codes_that_know_the_colour_and_on_pixels():
    seen = figures.load(num=400)["image"], figures.attributes(num=400)
    images = figures.load(split="test", num=40)["image"]
    right, sheet = codes.recolour(Drawer(), seen, images)
    wrong, _ = codes.recolour(Pixels(), seen, images)
    # The mean shape of two colours differs a little, so that some shapes change.
    assert right["changed"] == 1
    assert right["alone"] > 0.7 > 0.3 > wrong["alone"]
    assert sheet.dtype == np.uint8


def test_probes_of_codes_that_know_and_that_do_not():
    seen, tested = (figures.attributes("full", split, 300) for split in ("train", "test"))

    def known(each):
        return np.concatenate(
            [np.eye(10)[getattr(each, name)] for name in codes.PROBED if name != "colour"], axis=1
        )

    found = codes.probes(known(seen), seen, known(tested), tested)
    assert found["colour"] < 0.3
    assert min(value for name, value in found.items() if name != "colour") == 1


def test_the_best_scale_of_codes():
    x = np.random.default_rng(0).normal(size=(40, 3, 3, 1))
    places = x.reshape(40, -1)[:, :2]
    scale = codes.best_scale(x, 0.01 * places)
    assert scale == pytest.approx(100 * codes.best_scale(x, places))
    best = float(losses.mds_stress(x, scale * 0.01 * places))
    for factor in (0.9, 1.1):
        assert float(losses.mds_stress(x, factor * scale * 0.01 * places)) > best


def test_a_plane_has_a_dot_for_each_code():
    picture = codes.plane(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]), 64)
    assert picture.shape == (64, 64, 3)
    left, right = picture[:, :32], picture[:, 32:]
    assert (left == (31, 119, 180)).all(axis=-1).any()
    assert (right == (255, 127, 14)).all(axis=-1).any()
    assert not (left == (255, 127, 14)).all(axis=-1).any()
