import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.data import imresize, imresize_graph
from tfgan_zoo.data.imresize import resize_matrix
from tfgan_zoo.errors import InputError

KERNELS = ("bicubic", "bilinear", "nearest")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def column(*values, dtype=np.float64):
    """An image one pixel wide."""
    return np.array(values, dtype).reshape(-1, 1, 1)


def test_halving_by_hand():
    # Keys' kernel at 0.25, 0.75, 1.25 and 1.75, halved; mirrored beyond the edges.
    near, next_, far, farther = np.array([0.8671875, 0.2265625, -0.0703125, -0.0234375]) / 2
    inner = [0, farther, far, next_, near, near, next_, far, farther, 0]
    matrix = resize_matrix(10, 5, 0.5)
    np.testing.assert_allclose(matrix[2], inner, atol=1e-15)
    first = [near + next_, near + far, next_ + farther, far, farther]
    np.testing.assert_allclose(matrix[0, :5], first, atol=1e-15)
    np.testing.assert_allclose(matrix[0, 5:], 0, atol=1e-15)
    replicated = resize_matrix(10, 5, 0.5, borders="replicate")
    first = [near + next_ + far + farther, near, next_, far, farther]
    np.testing.assert_allclose(replicated[0, :5], first, atol=1e-15)


def test_doubling_by_hand():
    # At a quarter of a pixel: k(1.25), k(0.25), k(0.75), k(1.75).
    weights = [-0.0703125, 0.8671875, 0.2265625, -0.0234375]
    matrix = resize_matrix(8, 16, 2.0)
    np.testing.assert_allclose(matrix[7, 2:6], weights, atol=1e-15)
    np.testing.assert_allclose(matrix[8, 2:6], weights[::-1], atol=1e-15)
    assert np.count_nonzero(matrix[7]) == 4


def test_bilinear_by_hand():
    np.testing.assert_allclose(
        imresize(column(0, 8), 2, kernel="bilinear"), np.tile(column(0, 2, 6, 8), (1, 2, 1))
    )


def test_nearest_repeats_pixels_and_picks_them():
    image = noise(5, 7, 3)
    enlarged = imresize(image, 4, kernel="nearest")
    np.testing.assert_array_equal(enlarged, np.repeat(np.repeat(image, 4, 0), 4, 1))
    np.testing.assert_array_equal(imresize(enlarged, 0.25, kernel="nearest"), image)
    odd = imresize(image[:, :6], 1 / 3, kernel="nearest")
    np.testing.assert_array_equal(odd, image[[1, 4]][:, [1, 4]])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [0.25, 1 / 3, 0.7, 1, 1.5, 4])
@pytest.mark.parametrize("borders", ["symmetric", "replicate"])
def test_a_constant_stays_constant(kernel, scale, borders):
    constant = np.full((9, 12, 2), 77.0)
    resized = imresize(constant, scale, kernel=kernel, borders=borders)
    np.testing.assert_allclose(resized, 77.0, rtol=1e-14)
    matrix = resize_matrix(9, 12, scale, kernel, borders=borders)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, rtol=1e-14)


def test_bicubic_keeps_a_plane_inside():
    ramp = np.add.outer(2.0 * np.arange(40), 3.0 * np.arange(48))[..., None]
    for scale in (0.25, 2):
        places = [(np.arange(n * scale) + 0.5) / scale - 0.5 for n in (40, 48)]
        expected = np.add.outer(2 * places[0], 3 * places[1])
        inside = slice(int(8 * scale), -int(8 * scale))
        np.testing.assert_allclose(
            imresize(ramp, scale)[inside, inside, 0], expected[inside, inside], rtol=1e-12
        )


def test_sides_are_resized_independently():
    image = noise(12, 10, 3).astype(np.float64)
    both = imresize(image, size=(5, 17))
    np.testing.assert_allclose(
        imresize(imresize(image, size=(12, 17)), size=(5, 17)), both, atol=1e-10
    )
    np.testing.assert_allclose(
        imresize(image.swapaxes(0, 1), size=(17, 5)), both.swapaxes(0, 1), atol=1e-10
    )
    np.testing.assert_allclose(imresize(image[::-1, ::-1], 0.5), imresize(image, 0.5)[::-1, ::-1])


def test_stacks_and_identity():
    images = noise(2, 3, 8, 12, 1)
    resized = imresize(images, 0.5)
    assert resized.shape == (2, 3, 4, 6, 1)
    np.testing.assert_array_equal(resized[1, 2], imresize(images[1, 2], 0.5))
    np.testing.assert_array_equal(imresize(images, 1), images)


def test_sizes_are_rounded_up():
    for scale, size in ((0.25, (3, 4, 2)), (0.07, (1, 1, 2)), (1.1, (11, 15, 2))):
        assert imresize(np.zeros((10, 13, 2)), scale).shape == size
    assert imresize(np.zeros((100, 300, 1)), 0.07).shape == (7, 21, 1)


def test_bytes_are_rounded_after_each_side_and_clipped():
    image = noise(16, 16, 1)
    rows, columns = resize_matrix(16, 4, 0.25), resize_matrix(16, 8, 0.5)
    once = np.floor(rows @ image[..., 0] + 0.5).clip(0, 255)
    twice = np.floor(once @ columns.T + 0.5).clip(0, 255)
    resized = imresize(image, size=(4, 8))
    assert resized.dtype == np.uint8
    np.testing.assert_array_equal(resized[..., 0], twice)
    # The side that shrinks more comes first.
    np.testing.assert_array_equal(
        imresize(image.swapaxes(0, 1), size=(8, 4)), resized.swapaxes(0, 1)
    )
    edge = column(0, 0, 255, 255, dtype=np.uint8)
    # -17.9, 57.8 - 6.0, ... before clipping.
    np.testing.assert_array_equal(imresize(edge, 2)[:, 0, 0], [0, 0, 0, 52, 203, 255, 255, 255])
    assert imresize(edge.astype(np.float64), 2).min() < -5


def test_floats_keep_their_type():
    for dtype in (np.float16, np.float32, np.float64):
        assert imresize(np.zeros((4, 4, 1), dtype), 2).dtype == dtype


def test_without_antialiasing_shrinking_uses_the_narrow_kernel():
    np.testing.assert_allclose(
        resize_matrix(8, 2, 0.25, antialias=False)[0],
        [-1 / 16, 9 / 16, 9 / 16, -1 / 16, 0, 0, 0, 0],
    )


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_graph_is_the_same(factor):
    images = noise(2, 24, 48, 3)
    images[0, :12] //= 128
    images[0, :12] *= 255  # Overshoots must be clipped.
    shrunk = imresize_graph(tf.constant(images), factor)
    assert shrunk.dtype == tf.uint8
    difference = np.abs(shrunk.numpy().astype(int) - imresize(images, 1 / factor))
    assert difference.max() <= (0 if factor != 3 else 1)
    floats = images[0].astype(np.float32) / 255
    shrunk = imresize_graph(tf.constant(floats), factor)
    np.testing.assert_allclose(shrunk, imresize(floats, 1 / factor), rtol=0, atol=1e-6)


def test_graph_in_a_pipeline():
    dataset = tf.data.Dataset.from_tensors(noise(8, 8, 3)).batch(1, drop_remainder=True)
    dataset = dataset.map(lambda images: imresize_graph(images, 4))
    assert dataset.element_spec == tf.TensorSpec((1, 2, 2, 3), tf.uint8)
    np.testing.assert_array_equal(next(iter(dataset))[0], imresize(noise(8, 8, 3), 0.25))


@pytest.mark.parametrize(
    ("image", "options", "sentence"),
    [
        (np.zeros((4, 4)), {"scale": 2}, "images: expected shape .* got \\[4, 4\\]"),
        (np.zeros((4, 4, 1), int), {"scale": 2}, "images: expected uint8 or floats, got int64"),
        (np.zeros((4, 4, 1)), {}, "Give one of scale and size"),
        (np.zeros((4, 4, 1)), {"scale": 2, "size": (8, 8)}, "Give one of scale and size"),
        (np.zeros((4, 4, 1)), {"scale": 0}, "scale: expected a number above 0, got 0"),
        (np.zeros((4, 4, 1)), {"size": (0, 3)}, "size: expected .* got \\(0, 3\\)"),
        (np.zeros((4, 4, 1)), {"scale": 2, "kernel": "cubic"}, "kernel: expected bicubic, bilin"),
        (np.zeros((4, 4, 1)), {"scale": 2, "borders": "zero"}, "borders: expected symmetric or"),
    ],
)
def test_errors(image, options, sentence):
    with pytest.raises(InputError, match=sentence):
        imresize(image, **options)


def test_graph_needs_sides_that_are_multiples():
    with pytest.raises(InputError, match=r"expected a divisor of both sides .* got 4 for 10x8"):
        imresize_graph(tf.zeros((1, 8, 10, 3)), 4)
    with pytest.raises(InputError, match="divisor"):
        imresize_graph(tf.zeros((1, 8, 8, 3)), 0)
