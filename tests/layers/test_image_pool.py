import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ImagePool

SHAPE = (2, 3, 1)


def images(*values):
    """Constant images."""
    return np.ones((len(values), *SHAPE), "float32") * np.reshape(values, (-1, 1, 1, 1))


def values(batch):
    batch = np.array(batch)
    assert batch.shape[1:] == SHAPE
    np.testing.assert_array_equal(batch, images(*batch[:, 0, 0, 0]))
    return batch[:, 0, 0, 0].tolist()


def draws(*rows):
    return np.array(rows, "float32").reshape(-1, 2)


def state(pool):
    return values(pool.images.value), int(pool.count.numpy())


class Authors:
    """The authors' code, image by image."""

    def __init__(self, size):
        self.size, self.images = size, []

    def __call__(self, batch, numbers):
        out = []
        for image, (swap, which) in zip(batch, numbers, strict=True):
            if len(self.images) < self.size:
                self.images.append(image)
                out.append(image)
            elif swap < 0.5:
                i = int(which * self.size)
                out.append(self.images[i])
                self.images[i] = image
            else:
                out.append(image)
        return np.array(out)


def test_fills_then_swaps_by_hand():
    pool = ImagePool(2, SHAPE)
    assert state(pool) == ([0, 0], 0)
    assert values(pool(images(1), draws((0, 0)))) == [1]
    assert state(pool) == ([1, 0], 1)
    # The second slot is filled within the batch; then 3 takes its image.
    assert values(pool(images(2, 3), draws((0, 0), (0.4, 0.6)))) == [2, 2]
    assert state(pool) == ([1, 3], 2)
    assert values(pool(images(4), draws((0.5, 0.0)))) == [4]
    assert state(pool) == ([1, 3], 2)
    assert values(pool(images(5), draws((0.49, 0.49)))) == [1]
    assert state(pool) == ([5, 3], 2)


def test_rows_that_choose_the_same_place_follow_each_other():
    pool = ImagePool(2, SHAPE)
    pool(images(1, 2), draws((0, 0), (0, 0)))
    batch, numbers = images(3, 4, 5, 6), draws((0, 0.9), (0, 0.9), (0.7, 0.9), (0, 0.9))
    assert values(pool(batch, numbers)) == [2, 3, 5, 4]
    assert state(pool) == ([1, 6], 2)


@pytest.mark.parametrize("jit", [False, slow(True)])
@pytest.mark.parametrize("size", [slow(1), 3, slow(50)])
def test_as_the_authors(size, jit):
    pool, authors = ImagePool(size, SHAPE), Authors(size)
    call = tf.function(
        lambda x, u: pool(x, u),
        input_signature=[tf.TensorSpec([None, *SHAPE]), tf.TensorSpec([None, 2])],
        jit_compile=jit,
        autograph=False,
    )
    generator = np.random.default_rng(size)
    for batch in (1, 4, 1, 2, 7, 1, 60, 5):
        x = generator.normal(size=(batch, *SHAPE)).astype("float32")
        u = generator.random((batch, 2), "float32")
        np.testing.assert_array_equal(call(x, u), authors(x, u))
        stored = np.array(authors.images)
        np.testing.assert_array_equal(pool.images.value[: len(stored)], stored)
        assert pool.count.numpy() == len(stored)


def test_about_half_are_older_ones():
    pool = ImagePool(50, SHAPE)
    generator = np.random.default_rng(0)
    swapped = []
    for step in range(1, 11):
        new = np.arange(100 * step, 100 * step + 100)
        out = values(pool(images(*new), generator.random((100, 2), "float32")))
        assert all(o == n or o < n for o, n in zip(out, new, strict=True))
        swapped += [o != n for o, n in zip(out, new, strict=True)]
    assert not any(swapped[:50])
    assert 0.45 < np.mean(swapped[50:]) < 0.55  # 950 draws: a standard deviation of 0.016.


def test_largest_draw_is_within_the_pool():
    pool = ImagePool(50, SHAPE)
    pool(images(*range(50)), np.zeros((50, 2), "float32"))
    assert values(pool(images(99), draws((0, np.nextafter(np.float32(1), 0))))) == [49]


def test_size_zero_returns_images():
    pool = ImagePool(0, SHAPE)
    assert values(pool(images(1, 2), draws((0, 0), (0, 0)))) == [1, 2]
    assert not pool.variables


def test_no_gradient_goes_through():
    for size in (0, 2):
        pool, x = ImagePool(size, SHAPE), tf.constant(images(1, 2))
        assert not pool.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(pool(x, draws((0, 0), (0, 0))) ** 2)
        assert tape.gradient(loss, x) is None


def test_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    pool = ImagePool(1, SHAPE)
    assert pool(images(1.001), draws((0, 0))).dtype == "float32"
    assert pool.images.numpy()[0, 0, 0, 0] == np.float32(1.001)
    assert pool.images.dtype == "float32"


@keras.saving.register_keras_serializable("tests")
class Holder(keras.Model):
    def __init__(self, size=3, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.pool = ImagePool(size, SHAPE, name="pool")
        self.built = True

    def get_config(self):
        return {"size": self.size}


@pytest.mark.parametrize("how", ["weights", "keras"])
@pytest.mark.parametrize("size", [0, 3])
def test_saved_and_restored(size, how, tmp_path):
    model = Holder(size)
    model.pool(images(1, 2), draws((0, 0), (0, 0)))
    if how == "weights":
        model.save_weights(tmp_path / "m.weights.h5")
        copy = Holder(size)
        copy.load_weights(tmp_path / "m.weights.h5")
    else:
        model.save(tmp_path / "m.keras")
        copy = keras.saving.load_model(tmp_path / "m.keras")
    if size:
        assert state(copy.pool) == state(model.pool) == ([1, 2, 0], 2)
    for pool in (model.pool, copy.pool):
        out = pool(images(3, 4, 5), draws((0, 0), (0, 0.5), (0, 0.5)))
        assert values(out) == ([3, 2, 4] if size else [3, 4, 5])


@pytest.mark.parametrize("size", [0, 2])
def test_pool_of_another_size_is_refused(size, tmp_path):
    Holder(size).save_weights(tmp_path / "m.weights.h5")
    match = r"Pool 'pool': expected a file with pools of 3 images of shape \(2, 3, 1\)"
    with pytest.raises(ValueError, match=match):
        Holder(3).load_weights(tmp_path / "m.weights.h5")


def test_config():
    pool = ImagePool(3, list(SHAPE), name="p")
    copy = ImagePool.from_config(pool.get_config())
    assert copy.get_config() == pool.get_config()
    assert (copy.size, copy.image_shape) == (3, SHAPE)
    assert [v.path for v in copy.variables] == ["p/images", "p/count"]
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(pool))
    assert len(copy.variables) == 2


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((-1, SHAPE), "size: .*-1"),
        ((1.5, SHAPE), "size: .*1.5"),
        ((5, (2, 3)), r"image_shape: .*\(2, 3\)"),
        ((5, (2, 3, None)), "image_shape: .*None"),
    ],
)
def test_errors(arguments, match):
    with pytest.raises(InputError, match=match):
        ImagePool(*arguments)
