import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import StatelessDropout

# Keras 3.15 reads any variable for saving through a numpy protocol that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ONES = np.ones((8, 64), "float32")


def masks(layer, calls=1):
    return [np.array(layer(ONES, training=True)) for _ in range(calls)]


def model(seed=3):
    return keras.Sequential([keras.Input((64,)), StatelessDropout(0.5, seed, name="drop")])


def test_rate_and_scale():
    out = np.array(StatelessDropout(0.3)(np.ones((100, 1000), "float32"), training=True))
    # 100,000 draws: a standard deviation of sqrt(0.3 * 0.7 / 1e5) = 0.00145.
    assert abs(np.mean(out == 0) - 0.3) < 0.006
    np.testing.assert_allclose(out[out != 0], 1 / 0.7, rtol=1e-6)


def test_inference_is_the_identity():
    layer = StatelessDropout(0.5)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)
    np.testing.assert_array_equal(layer(ONES), ONES)
    assert layer.counter.numpy() == 0


def test_rate_zero_is_the_identity():
    np.testing.assert_array_equal(StatelessDropout(0.0)(ONES, training=True), ONES)


def test_gradient_is_the_mask():
    layer, x = StatelessDropout(0.5), tf.constant(ONES)
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(out, x), out)


def test_masks_differ_by_call_row_seed_and_name_only():
    first, second = masks(StatelessDropout(0.5, seed=3, name="a"), calls=2)
    assert np.any(first != second)
    assert len({row.tobytes() for row in first}) == len(first)
    assert np.any(first != masks(StatelessDropout(0.5, seed=4, name="a"))[0])
    assert np.any(first != masks(StatelessDropout(0.5, seed=3, name="b"))[0])
    np.testing.assert_array_equal(first, masks(StatelessDropout(0.5, seed=3, name="a"))[0])


def test_paper_has_one_mask_at_inference():
    layer = StatelessDropout(0.3, seed=3, name="drop", inference="paper")
    out = np.array(layer(np.ones((5, 20, 1000), "float32")))
    assert abs(np.mean(out[0] == 0) - 0.3) < 0.012  # A standard deviation of 0.0032.
    np.testing.assert_allclose(out[out != 0], 1 / 0.7, rtol=1e-6)
    for row in out:
        np.testing.assert_array_equal(row, out[0])
    np.testing.assert_array_equal(layer(np.ones((1, 20, 1000), "float32")), out[:1])
    assert layer.counter.numpy() == 0

    first = np.array(layer(ONES[:1]))
    layer(ONES, training=True)
    np.testing.assert_array_equal(layer(ONES[:1], training=False), first)
    np.testing.assert_array_equal(tf.function(lambda x: layer(x), autograph=False)(ONES[:1]), first)
    for name, seed in (("other", 3), ("drop", 4)):
        other = StatelessDropout(0.3, seed=seed, name=name, inference="paper")
        assert np.any(other(ONES[:1]) != first)


def test_paper_trains_as_frozen_does():
    paper, frozen = (
        masks(StatelessDropout(0.5, seed=3, name="a", inference=mode), calls=2)
        for mode in ("paper", "frozen")
    )
    np.testing.assert_array_equal(paper, frozen)


def test_paper_in_a_saved_model(tmp_path):
    exported = keras.Sequential(
        [keras.Input((None, 2)), StatelessDropout(0.5, seed=3, name="drop", inference="paper")]
    )
    x = np.random.default_rng(0).normal(size=(3, 7, 2)).astype("float32")
    exported.export(tmp_path / "m", verbose=False)
    served = tf.saved_model.load(tmp_path / "m").serve(x)
    np.testing.assert_array_equal(served, exported(x))
    assert np.any(np.array(served) != x)


@pytest.mark.parametrize("how", ["weights", "keras", "checkpoint"])
def test_resumed_masks_are_the_uninterrupted_ones(how, tmp_path):
    whole = model()
    masks(whole, calls=2)
    if how == "weights":
        whole.save_weights(tmp_path / "m.weights.h5")
        resumed = model()
        resumed.load_weights(tmp_path / "m.weights.h5")
    elif how == "keras":
        whole.save(tmp_path / "m.keras")
        resumed = keras.saving.load_model(tmp_path / "m.keras")
    else:
        path = tf.train.Checkpoint(model=whole).save(str(tmp_path / "m"))
        resumed = model()
        tf.train.Checkpoint(model=resumed).restore(path).assert_consumed()
    assert resumed.layers[-1].counter.numpy() == 2
    np.testing.assert_array_equal(masks(resumed, calls=3), masks(whole, calls=3))


def test_inside_a_compiled_function():
    def run():
        layer = StatelessDropout(0.5, seed=3, name="drop")
        layer.build(ONES.shape)
        call = tf.function(lambda x: layer(x, training=True), jit_compile=True, autograph=False)
        return [call(ONES).numpy() for _ in range(3)], layer.counter.numpy()

    (first, second, third), count = run()
    assert count == 3
    assert np.any(first != second)
    assert np.any(second != third)
    assert 0.4 < np.mean(first == 0) < 0.6
    np.testing.assert_array_equal(run()[0], [first, second, third])


def test_config_and_dtype():
    layer = StatelessDropout(0.25, seed=7, name="drop", dtype="mixed_bfloat16")
    copy = StatelessDropout.from_config(layer.get_config())
    assert (copy.rate, copy.seed, copy.name, copy.inference) == (0.25, 7, "drop", "frozen")
    layer = StatelessDropout(0.25, inference="paper", dtype="mixed_bfloat16")
    assert StatelessDropout.from_config(layer.get_config()).inference == "paper"
    assert layer(ONES).dtype == "bfloat16"
    assert copy(ONES, training=True).dtype == "bfloat16"
    assert copy.counter.dtype == "int64"
    assert not copy.trainable_weights
    assert len(copy.non_trainable_weights) == 1


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_errors(rate):
    with pytest.raises(InputError, match=str(rate)):
        StatelessDropout(rate)


def test_error_for_inference():
    with pytest.raises(InputError, match="inference: expected frozen or paper, got 'on'"):
        StatelessDropout(0.5, inference="on")
